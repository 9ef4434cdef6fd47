import CLibPQ
import Glibc

/// A program that this process started, and has to reap.
final class Child: Sendable {
    let pid: pid_t

    /// Starts a program, found on its environment's PATH, in a session of its own (a terminal's ^C does not reach it)
    /// with every signal as at boot and nothing open but these three descriptors. Nil when it cannot be started.
    init?(_ arguments: [String], input: Int32, output: Int32, errors: Int32) {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        for (from, to) in [(input, 0), (output, 1), (errors, 2)] {
            unsafe posix_spawn_file_actions_adddup2(&actions, from, Int32(to))
        }
        unsafe posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        var every = sigset_t()
        var none = sigset_t()
        unsafe sigfillset(&every)
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &every)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        let newSession: Int32 = 0x80  // POSIX_SPAWN_SETSID, which the overlay lacks
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK) | newSession))
        let words = CStrings(arguments)
        let environment = CStrings(["PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C.UTF-8", "TZ=UTC"])
        var pid: pid_t = 0
        guard
            unsafe posix_spawnp(&pid, arguments[0], &actions, &attributes, words.mutable, environment.mutable) == 0
        else { return nil }
        self.pid = pid
    }

    /// Waits for the program's end, and gives its status; nil when it has not ended in time.
    func status(within patience: Duration) async -> Int32? {
        let deadline = ContinuousClock.now + patience
        while true {
            if let status = statusNow() { return status }
            guard ContinuousClock.now < deadline else { return nil }
            await pause(.milliseconds(5))
        }
    }

    /// The program's status if it has ended; again and again 127 once it was told.
    func statusNow() -> Int32? {
        var status: Int32 = 0
        switch unsafe waitpid(pid, &status, WNOHANG) {
        case 0: return nil
        case pid: return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
        default: return 127
        }
    }
}

/// A pause that cancellation does not shorten to nothing: what is waited for ends by itself, or at a deadline.
func pause(_ duration: Duration) async {
    await withCheckedContinuation { continuation in
        let started = startThread {
            usleep(UInt32(duration.milliseconds) * 1_000)
            continuation.resume()
        }
        if !started { continuation.resume() }
    }
}
