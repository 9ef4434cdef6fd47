// Workflow reads the folder of definitions (workflows/): what each workflow accepts and reads, the code tables, the
// practices with their feeds. It is pure: text in, a checked `Definition` or the whole list of problems out. The gateway
// routes by it, workers read messages by it. It never opens a file but in `Definition.files(inFolder:)`, and nothing
// outside of this module knows that the files are YAML and CSV.
