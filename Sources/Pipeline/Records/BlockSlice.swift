package import Foundation
package import Practice

/// The blocks that a batch touches and the slots of their time, in memory. Pure.
package struct BlockSlice: Sendable {
    /// A stretch of a resource's time.
    package struct Stretch: Hashable, Sendable {
        package let kind: ResourceUse.Kind
        package let code: String
        package let start: Date
        package let end: Date

        package init(kind: ResourceUse.Kind, code: String, start: Date, end: Date) {
            self.kind = kind
            self.code = code
            self.start = start
            self.end = end
        }

        /// Whether `other` is of the same resource and within this one.
        package func holds(_ other: Stretch) -> Bool {
            (kind, code) == (other.kind, other.code) && start <= other.start && other.end <= end
        }
    }

    /// A block or a meeting on record: the last word on it, and the time that it takes.
    package struct Block: Sendable {
        package let practice: String
        package var at: Date
        package var entry: Int64
        package var stretches: [Stretch]

        package init(practice: String, at: Date, entry: Int64, stretches: [Stretch]) {
            self.practice = practice
            self.at = at
            self.entry = entry
            self.stretches = stretches
        }
    }

    package enum Status: String, Sendable {
        case free
        case busy
        case blocked = "busy-unavailable"
    }

    /// A slot as it is shown.
    package struct Slot: Sendable {
        package let id: UUID
        package internal(set) var status: Status
        package internal(set) var version: Int32
        /// When the PM last spoke of it; nil: never.
        package internal(set) var saidAt: Date?
        /// As it was loaded; nil for a slot of this batch.
        var loaded: Int32?
        var isChanged = false
    }

    package struct SlotKey: Hashable, Sendable {
        package let practice: String
        package let stretch: Stretch

        package init(practice: String, stretch: Stretch) {
            self.practice = practice
            self.stretch = stretch
        }
    }

    /// A slot whose status has changed.
    package struct Change: Sendable {
        package let slot: UUID
        package let version: Int32
        package let status: Status
    }

    package internal(set) var slots: [SlotKey: Slot] = [:]
    package internal(set) var blocks: [UUID: Block] = [:]
    private var named: [AppointmentSlice.Key: UUID] = [:]
    /// Stretches of blocks that are not loaded whole, by the block.
    var others: [UUID: Set<SlotKey>] = [:]
    private(set) var changedSlots: [SlotKey] = []
    private(set) var changedBlocks: [UUID] = []
    private(set) var addedNames: [(key: AppointmentSlice.Key, block: UUID)] = []

    package init() {}

    mutating func put(_ id: UUID, _ block: Block, named names: [Identifier]) {
        blocks[id] = block
        for name in names { named[AppointmentSlice.Key(block.practice, name)] = id }
    }

    /// The block of the first of these names that is on record.
    package func find(_ names: [Identifier], in practice: String) -> UUID? {
        names.lazy.compactMap { named[AppointmentSlice.Key(practice, $0)] }.first
    }

    /// Whether a block other than `id` takes this very stretch.
    package func isTaken(_ stretch: Stretch, byAnotherThan id: UUID, in practice: String) -> Bool {
        let key = SlotKey(practice: practice, stretch: stretch)
        if others.contains(where: { $0.key != id && blocks[$0.key] == nil && $0.value.contains(key) }) { return true }
        return blocks.contains { $0.key != id && $0.value.practice == practice && $0.value.stretches.contains(stretch) }
    }

    /// The last word on a block, in place of the one before. Names accumulate; one that is another block's stays its.
    package mutating func keep(_ id: UUID, _ block: Block, named names: [Identifier]) {
        blocks[id] = block
        if !changedBlocks.contains(id) { changedBlocks.append(id) }
        for name in names {
            let key = AppointmentSlice.Key(block.practice, name)
            guard named[key] == nil else { continue }
            named[key] = id
            addedNames.append((key, id))
        }
    }

    /// Says how a stretch stands. Opening frees what is blocked within it too, but nothing that is booked. What is older
    /// than the last word on a stretch changes nothing.
    ///
    /// - Parameter id: of the slot, where there is none yet.
    /// - Returns: the slot, where its status changed.
    package mutating func say(
        _ status: Status, of stretch: Stretch, at: Date, in practice: String, id: @autoclosure () -> UUID
    ) -> Change? {
        let key = SlotKey(practice: practice, stretch: stretch)
        if status == .free {
            for (other, slot) in slots
            where other != key && other.practice == practice && stretch.holds(other.stretch) && slot.status == .blocked
            {
                if let said = slot.saidAt, said > at { continue }
                write(other, .free, at)
            }
        }
        guard let known = slots[key] else {
            let slot = Slot(id: id(), status: status, version: 1, saidAt: at, loaded: nil, isChanged: true)
            slots[key] = slot
            changedSlots.append(key)
            return Change(slot: slot.id, version: 1, status: status)
        }
        if let said = known.saidAt, said > at { return nil }
        if known.status == .busy && status == .free { return nil }
        let isChanged = known.status != status
        write(key, status, at)
        guard isChanged, let slot = slots[key] else { return nil }
        return Change(slot: slot.id, version: slot.version, status: status)
    }

    /// As a commit leaves it.
    package mutating func settle() {
        for key in changedSlots {
            guard var slot = slots[key] else { continue }
            (slot.loaded, slot.isChanged) = (slot.version, false)
            slots[key] = slot
        }
        (changedSlots, changedBlocks, addedNames) = ([], [], [])
    }

    private mutating func write(_ key: SlotKey, _ status: Status, _ at: Date) {
        guard var slot = slots[key] else { return }
        if slot.status != status { slot.version += 1 }
        (slot.status, slot.saidAt) = (status, at)
        if !slot.isChanged {
            slot.isChanged = true
            changedSlots.append(key)
        }
        slots[key] = slot
    }
}
