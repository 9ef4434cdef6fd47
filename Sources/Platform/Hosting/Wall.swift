package import Foundation

/// The clock on the wall, for business rules that ask what day it is. Leases and intervals do not use it.
package struct Wall: Sendable {
    private let read: @Sendable () -> Date

    package func now() -> Date { read() }

    package static let system = Wall { Date() }

    /// A clock that stands still.
    package static func fixed(_ instant: Date) -> Wall { Wall { instant } }

    /// A clock of somebody else's.
    package static func reading(_ read: @escaping @Sendable () -> Date) -> Wall { Wall(read: read) }

    /// The system's clock, ahead by so many seconds (behind, when negative).
    package static func offset(_ seconds: TimeInterval) -> Wall { Wall { Date().addingTimeInterval(seconds) } }
}
