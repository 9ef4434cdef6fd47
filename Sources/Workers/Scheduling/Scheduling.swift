// Scheduling takes the PM's schedule messages (SIU) and keeps the practice's appointments and resource time by them.
// What is decided is pure and lies in `SchedulingMessage` (what a message says), `Resolution` (which appointment it
// speaks of), `Appointment.init(folding:)` (what is then true) and `AppointmentChange` (what others are told);
// `SchedulingBook` runs the four in memory. The worker's shell does the same against the record tables, which it owns.
