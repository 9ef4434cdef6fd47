/// Which jobs may have killed their worker. A lane that changes hands twice without a commit between is suspect from its
/// front to the last job that can have been in hand; each such job is tried alone, its try noted before, and one that
/// nobody came back from too often is parked as `kills-worker`. One death alone proves nothing and costs nothing: a
/// deploy, a kill -9, a machine that ran out of memory. Pure.
///
///     death, death -> tried alone (noted) -> the batch commits: clear
///                          |  death
///                          +-> tried alone (noted) -> ... -> parked, kills-worker --- replay ---> tried alone, once
struct Suspects: Sendable {
    /// Deaths without a commit that make a lane suspect.
    static let deaths: Int16 = 2
    /// Tries that nobody came back from, before a job is parked.
    static let tries: Int16 = 3

    private var last: [Int16: Int64] = [:]
    /// Jobs of which a try is on record.
    private var tried: Set<Int64> = []
    /// Tries that this process came back from, though their commit failed: they killed nobody.
    private var survived: [Int64: Int16] = [:]

    var isEmpty: Bool { last.isEmpty && tried.isEmpty }

    /// The jobs of the lane up to this one.
    mutating func add(_ lane: Int16, until id: Int64) {
        last[lane] = id
    }

    /// A job of which a try is on record.
    mutating func add(_ id: Int64) {
        tried.insert(id)
    }

    func include(_ job: Job) -> Bool {
        tried.contains(job.id) || last[job.lane].map { job.id <= $0 } ?? false
    }

    /// Whether it may be tried, this try being the last of so many on record.
    func allow(_ job: Job, tries: Int16) -> Bool {
        tries - survived[job.id, default: 0] <= Self.tries
    }

    mutating func cameBack(from job: Job) {
        survived[job.id, default: 0] += 1
    }
}
