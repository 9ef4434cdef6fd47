/// What becomes of values over a stream, told from a sample that stays small: a value is followed from its first sight if
/// its hash ends in `level` zeros, and the sample is halved when it is full (distinct sampling, Gibbons, VLDB 2001). Up to
/// the limit it holds every value.
struct ValueSample: Sendable {
    struct Life: Sendable {
        /// The places it was seen at, a bit each.
        var places: UInt16 = 0
        var messages = 0
        /// Whose it was at first sight; 0: nobody's.
        var owner: UInt64
        var hasSeveralOwners = false
        /// Seen in a booking.
        var wasBooked = false
    }

    private var lives: [UInt64: Life] = [:]
    private(set) var level = 0
    private let limit: Int

    init(limit: Int = 50_000) { self.limit = limit }

    /// Notes a value and gives its life before; nil for one that is new or not followed. `isFollowed` tells these apart.
    mutating func see(_ value: String, at place: Int, owner: UInt64, isBooking: Bool) -> (
        before: Life?, isFollowed: Bool
    ) {
        let hash = Self.hash(value)
        guard isFollowed(hash) else { return (nil, false) }
        let before = lives[hash]
        var life = before ?? Life(owner: owner)
        life.places |= 1 << UInt16(place)
        life.messages += 1
        if owner != 0, life.owner != 0, life.owner != owner { life.hasSeveralOwners = true }
        if life.owner == 0 { life.owner = owner }
        life.wasBooked = life.wasBooked || isBooking
        lives[hash] = life
        while lives.count > limit {
            level += 1
            lives = lives.filter { isFollowed($0.key) }
        }
        return (before, true)
    }

    /// About how many values there are at a place; exact while the sample holds all.
    func distinct(at place: Int) -> Int { count { $0.places & 1 << UInt16(place) != 0 } << level }

    /// Of the values at a place, the share (0 to 1) that is seen in several messages, or is several people's.
    func recurring(at place: Int) -> Double { portion(at: place) { $0.messages > 1 } }
    func contested(at place: Int) -> Double { portion(at: place) { $0.hasSeveralOwners } }

    /// Values at both places: those of one owner, and those that are different people's.
    func traded(_ one: Int, _ other: Int) -> (same: Int, different: Int) {
        let both: UInt16 = 1 << UInt16(one) | 1 << UInt16(other)
        return (
            count { $0.places & both == both && !$0.hasSeveralOwners } << level,
            count { $0.places & both == both && $0.hasSeveralOwners } << level
        )
    }

    private func portion(at place: Int, _ isSo: (Life) -> Bool) -> Double {
        let all = lives.values.filter { $0.places & 1 << UInt16(place) != 0 }
        return all.isEmpty ? 0 : Double(all.count(where: isSo)) / Double(all.count)
    }

    private func count(_ isSo: (Life) -> Bool) -> Int { lives.values.count(where: isSo) }

    private func isFollowed(_ hash: UInt64) -> Bool { hash & (1 << UInt64(level) - 1) == 0 }

    /// FNV-1a with its bits mixed; the same in every run, so that a report can be had again.
    static func hash(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        hash = (hash ^ hash >> 33) &* 0xFF51_AFD7_ED55_8CCD
        return hash ^ hash >> 33
    }
}
