import Foundation

/// What Linux knows of a process.
enum ProcessUsage {
    /// From `/proc/PID/stat`.
    struct Stat: Equatable {
        let parent: Int32
        /// Its own processor time, in seconds.
        let processor: Double
        /// That of its children which have ended, and of theirs.
        let endedChildren: Double

        /// The program's name stands in parentheses and may hold anything; the fields after it are counted from 3
        /// (proc(5)).
        init?(_ text: String, ticksPerSecond: Double) {
            guard let name = text.lastIndex(of: ")") else { return nil }
            let fields = text[text.index(after: name)...].split(separator: " ")
            guard fields.count > 14, let parent = Int32(fields[1]) else { return nil }
            let ticks = fields[11...14].compactMap { Double($0) }
            guard ticks.count == 4 else { return nil }
            self.parent = parent
            processor = (ticks[0] + ticks[1]) / ticksPerSecond
            endedChildren = (ticks[2] + ticks[3]) / ticksPerSecond
        }
    }

    /// Nil where there is no such process any more.
    static func stat(_ pid: Int32) -> Stat? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return nil }
        return Stat(text, ticksPerSecond: Double(sysconf(Int32(_SC_CLK_TCK))))
    }

    /// Seconds of the process and of all its children, those too that have ended: a database server and its backends.
    static func processor(ofTree root: Int32) -> Double {
        guard let own = stat(root) else { return 0 }
        let pids = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int32($0) }
        let children = pids.compactMap { stat($0) }.filter { $0.parent == root }
        return children.reduce(own.processor + own.endedChildren) { $0 + $1.processor + $1.endedChildren }
    }

    static func processor(of pid: Int32) -> Double { stat(pid)?.processor ?? 0 }

    /// The memory that is this process's own, and its part of what it shares, in MB; 0 where the system does not say.
    static func proportionalMemory(_ pid: Int32) -> Double {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/smaps_rollup", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("Pss:") }
        let kilobytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Double($0) }
        return (kilobytes ?? 0) / 1024
    }
}
