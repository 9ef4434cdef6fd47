package import Foundation

/// Many days of several practices on one port, with faults planted and oddities that are none: what the PMs' books hold,
/// what they send, what the booking apps are to do wrong, and a ledger of it all. Pure; the same plan gives the same.
///
/// What it plants and what it finds odd is drawn from streams of chance of their own. It knows none of the rules by which a
/// report tells the two apart: it shares no code with them.
package struct Season: Sendable {
    package private(set) var houses: [House]

    /// - Parameters:
    ///   - premises: one a practice; their clocks are the practices' own days.
    ///   - share: how many changes of those that could carry a fault do.
    ///   - last: the last day on which a fault is planted: one needs time to be seen.
    package init(_ premises: [Premises], share: Double, last: LocalDay? = nil) {
        houses = premises.map { House($0, rates: PlantRates(share: share), last: last) }
    }

    /// What the booking app of one practice is to do wrong or right from now on, since this was last asked.
    package mutating func takeOrders(of practice: String) -> [AppOrder] {
        guard let index = houses.firstIndex(where: { $0.premises.practice == practice }) else { return [] }
        return houses[index].takeOrders()
    }

    /// What the old feed of one practice told, by the MSH-10 of the PM's message, since this was last asked.
    package mutating func takeTellings(of practice: String) -> [String: [UInt8]] {
        guard let index = houses.firstIndex(where: { $0.premises.practice == practice }) else { return [:] }
        return houses[index].takeTellings()
    }

    /// What the staff of one practice have done with pmsync by now, since this was last asked.
    package mutating func takeStaffOrders(of practice: String) -> [StaffOrder] {
        guard let index = houses.firstIndex(where: { $0.premises.practice == practice }) else { return [] }
        return houses[index].takeStaffOrders()
    }

    /// Everything that is sent up to this instant, in the order of sending.
    package mutating func advance(to instant: Date) -> [SeasonMessage] {
        var messages: [SeasonMessage] = []
        for index in houses.indices { messages += houses[index].advance(to: instant) }
        return messages.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
    }

    package var plants: [Plant] { houses.flatMap(\.plants) }

    /// How many appointments the books have had, blocks left out.
    package var appointments: Int { houses.map(\.appointments).reduce(0, +) }

    /// How many appointments each oddity happened to.
    package var oddities: [Oddity: Int] {
        houses.reduce(into: [:]) { all, house in all.merge(house.oddities) { $0 + $1 } }
    }

    /// Messages that came twice, and that came after a later one.
    package var doubled: Int { houses.map(\.doubled).reduce(0, +) }
    package var reordered: Int { houses.map(\.reordered).reduce(0, +) }
}

extension LocalTime {
    /// When the wall showed this; of a time that it showed twice or never, one that is near.
    package func instant(in zone: TimeZone) -> Date {
        let wall = Double(milliseconds) / 1000
        let guess = Date(timeIntervalSince1970: wall - Double(zone.secondsFromGMT()))
        let near = Date(timeIntervalSince1970: wall - Double(zone.secondsFromGMT(for: guess)))
        return Date(timeIntervalSince1970: wall - Double(zone.secondsFromGMT(for: near)))
    }
}
