import Testing

/// What must be seen of the whole: real programs, real sockets, a real database. One test at a time, because each runs a
/// practice of its own.
@Suite(.serialized) enum PathSuite {}
