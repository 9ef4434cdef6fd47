// Hosting: what a process of ours needs before it does anything: settings from the environment and a file, JSON logs on
// stderr, metrics in Prometheus' text format, an admin port that says whether it is alive and ready, and a start and a
// stop in order. Every program is a list of services given to `Program`. It knows nothing of health care and touches no
// table.
