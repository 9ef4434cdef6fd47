// Scheduling takes the PM's schedule messages (SIU) and keeps the practice's appointments and resource time by them.
// What is decided is pure: `SchedulingMessage` (what a message says), `Resolution` (which appointment it speaks of),
// `Appointment.init(folding:)` (what is then true) and `AppointmentChange` (what others are told). `SchedulingWorkflow`
// runs them over a `SchedulingSlice` of the record: the worker's batches load and save one, `SchedulingTrial` keeps one in
// memory for cases, properties and drafts.
