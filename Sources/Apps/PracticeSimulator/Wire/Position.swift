package import Foundation

/// Where the sender is, kept over kill -9. What was acknowledged after the last save is sent again, with the same bytes
/// and the same MSH-10, as a real sender does that is not sure.
package struct Position: Codable, Sendable, Equatable {
    package var seed: UInt64
    package var date: String
    package var practice: String
    package var zone: String
    package var providers: Int
    package var appointmentsADay: Int
    package var anchors: [ScriptClock.Anchor]
    /// The number of the delivery to send next.
    package var next = 0

    package init(_ premises: Premises) {
        seed = premises.seed
        date = premises.date.description
        practice = premises.practice
        zone = premises.zone.identifier
        providers = premises.providers
        appointmentsADay = premises.appointmentsADay
        anchors = if case .now(let anchors) = premises.clock { anchors } else { [] }
    }

    /// So many deliveries from `next` on may have been sent though nothing says so: the history is saved only now and
    /// then.
    static let inDoubt = 32

    /// The feed as it stood, with the first delivery to send on its way. After a pause of more than a minute the clock
    /// is put on: the PM was closed meanwhile and does not make up for it. What may have been sent keeps its bytes.
    package mutating func resume(
        _ wanted: Premises, dateIsGiven: Bool, faults: [FaultDose], planting: Planting, now: Date, folder: String
    ) throws(SimulatorError) -> Feed {
        guard wanted.seed == seed, wanted.practice == practice, !dateIsGiven || wanted.date.description == date,
            let day = LocalDay(date), let zone = TimeZone(identifier: zone)
        else { throw .otherScript(state: folder) }
        var premises = wanted
        premises.date = day
        premises.zone = zone
        premises.providers = providers
        premises.appointmentsADay = appointmentsADay
        premises.clock = anchors.isEmpty ? .day : .now(anchors: anchors)

        var feed = Feed(premises, faults: faults, planting: planting)
        feed.skip(next)
        guard let last = anchors.last, case .now(let fresh) = wanted.clock, let pace = fresh.first?.pace else {
            return feed
        }
        let due = last.instant.addingTimeInterval(Double(feed.live - last.from) * last.pace)
        guard now.timeIntervalSince(due) > 60 else { return feed }
        var ahead = feed
        ahead.skip(Self.inDoubt)
        anchors.append(ScriptClock.Anchor(from: ahead.live, instant: now, pace: pace))
        premises.clock = .now(anchors: anchors)
        feed = Feed(premises, faults: faults, planting: planting)
        feed.skip(next)
        return feed
    }
}
