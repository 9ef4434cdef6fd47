import Dispatch
import Glibc
import Synchronization

/// The one thread on which a session's libpq calls block; the session's executor.
///
/// A pool has a handful, so a thread each is cheap: within 0.88 to 1.07 of pgbench, where a Dispatch source took twice
/// the processor time at one to eight connections. It lives until the session's last reference goes.
final class SessionThread: SerialExecutor {
    private enum Job {
        /// A step of the session itself.
        case own(UnownedJob)
        /// A step of a task that prefers this thread while it holds the session.
        case guest(UnownedJob, Guests)
    }

    private struct Work {
        var jobs: [Job] = []
        var finished = false
        var thread: pthread_t?
    }

    private let work = Mutex(Work())
    private let wake = DispatchSemaphore(value: 0)

    /// Nil when the system has no thread to give.
    static func start() -> SessionThread? {
        let made = SessionThread()
        return startThread { made.run() } ? made : nil
    }

    private init() {}

    func enqueue(_ job: consuming ExecutorJob) {
        add(.own(UnownedJob(job)))
    }

    private func add(_ job: Job) {
        work.withLock { $0.jobs.append(job) }
        wake.signal()
    }

    /// Where a task runs that holds the session: its own steps and the session's then follow each other on one thread,
    /// without a change of thread for each statement.
    final class Guests: TaskExecutor {
        private let thread: SessionThread

        init(_ thread: SessionThread) {
            self.thread = thread
        }

        func enqueue(_ job: consuming ExecutorJob) {
            thread.add(.guest(UnownedJob(job), self))
        }
    }

    /// Ends the thread once what is queued has run.
    func finish() {
        work.withLock { $0.finished = true }
        wake.signal()
    }

    func isIsolatingCurrentContext() -> Bool? {
        work.withLock { $0.thread }.map { pthread_equal($0, pthread_self()) != 0 }
    }

    func checkIsolated() {
        precondition(isIsolatingCurrentContext() == true, "not on the session's thread")
    }

    private func run() {
        work.withLock { $0.thread = pthread_self() }
        while true {
            wake.wait()
            let (jobs, finished) = work.withLock { work in
                defer { work.jobs.removeAll(keepingCapacity: true) }
                return (work.jobs, work.finished)
            }
            for job in jobs {
                switch job {
                case .own(let job): unsafe job.runSynchronously(on: asUnownedSerialExecutor())
                case .guest(let job, let guests): unsafe job.runSynchronously(on: guests.asUnownedTaskExecutor())
                }
            }
            if finished && jobs.isEmpty { return }
        }
    }
}

/// Starts a detached thread; false when the system has none to give.
func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let box = unsafe Unmanaged.passRetained(Box(body))
    var thread = pthread_t()
    let status = unsafe pthread_create(
        &thread, nil,
        { box in
            unsafe Unmanaged<Box>.fromOpaque(box!).takeRetainedValue().body()
            return nil
        }, box.toOpaque())
    guard status == 0 else {
        unsafe box.release()
        return false
    }
    pthread_detach(thread)
    return true
}
