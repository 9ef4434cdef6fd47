import ArgumentParser
import Glibc
import Hosting

/// `pmsync bench neighbor`: takes half of one core, as another program on the machine may, until its standard input closes.
struct BenchNeighbor: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "neighbor", abstract: "Takes half of one core.", shouldDisplay: false)

    private static let half: Int64 = 10_000_000

    func run() throws {
        Program.print("ready neighbor")
        while !Self.isOver {
            let start = Self.processorTime
            while Self.processorTime - start < Self.half {}
            usleep(UInt32(Self.half / 1000))
        }
    }

    /// Nanoseconds.
    private static var processorTime: Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    private static var isOver: Bool {
        var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&input, 1, 0) != 0
    }
}
