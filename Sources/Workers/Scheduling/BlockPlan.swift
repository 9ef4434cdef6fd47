package import Foundation
package import Practice

/// What is known of a block or a meeting that the PM has a name for: the last word on it, by event time. So a move gives
/// its old stretch back, and what comes late changes nothing.
package struct BlockState: Hashable, Sendable {
    package struct Stretch: Hashable, Sendable {
        package let resource: ResourceUse
        package let start: Date
        package let end: Date

        package init(resource: ResourceUse, start: Date, end: Date) {
            self.resource = resource
            self.start = start
            self.end = end
        }
    }

    package let at: Date
    package let entry: Int64
    package let stretches: [Stretch]

    package init(at: Date, entry: Int64, stretches: [Stretch]) {
        self.at = at
        self.entry = entry
        self.stretches = stretches
    }
}

extension BlockSeen {
    /// What changes, and how the block stands then; nil when something newer is known of it.
    package func apply(to known: BlockState?) -> (changes: [SlotChange], state: BlockState)? {
        if let known, (known.at, known.entry) >= (at, entry) { return nil }
        let taken = changes.filter { $0.status == .busyUnavailable }.map(\.stretch)
        let left = (known?.stretches ?? []).filter { old in
            !taken.contains(old) && !changes.contains { $0.stretch == old }
        }
        let given = left.map {
            SlotChange(resource: $0.resource, start: $0.start, end: $0.end, status: .free, at: at, flags: [])
        }
        return (given + changes, BlockState(at: at, entry: entry, stretches: isOver ? [] : taken))
    }
}

extension SlotChange {
    package var stretch: BlockState.Stretch {
        BlockState.Stretch(
            resource: ResourceUse(kind: resource.kind, code: resource.code), start: start, end: end)
    }
}
