import Foundation
import HL7
import Practice
import Records
import Testing
import Workflow

@testable import Scheduling

/// What is learnt from a feed's messages, and that the draft does what a profile made by hand does.
@Suite struct LearnTests {
    /// The shipped folder as it is before anybody has said how this practice's PM writes.
    private func unknowing() throws -> [String: String] {
        var files = try Definition.files(inFolder: Shipped.workflows)
        files["profiles/nextgen-rosetta.yaml"] = nil
        files["profiles/nextgen-office.yaml"] = nil
        files["practices/demo.yaml"] = "practice: demo\nenterprise: demo\nname: Demo\nzone: America/Chicago\n"
        return files
    }

    private func study(_ messages: [(bytes: [UInt8], receivedAt: Date)], zone: String = "America/Chicago") throws
        -> FeedStudy
    {
        var study = FeedStudy(zone: try #require(TimeZone(identifier: zone)))
        for message in messages { study.add(message.bytes, receivedAt: message.receivedAt) }
        return study
    }

    /// Everything in a folder on disk, and the folder gone after the body.
    private func written(_ files: [String: String], _ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "pmsync-learnt-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        for (path, text) in files {
            let file = folder.appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        try body(folder.path)
    }

    private func schedule(_ definition: Definition, _ messages: [(bytes: [UInt8], receivedAt: Date)]) -> (
        outcomes: [String], book: [String]
    ) {
        var book = SchedulingTrial(definition: definition)
        var outcomes: [String] = []
        for (index, message) in messages.enumerated() {
            switch book.receive(message.bytes, receivedAt: message.receivedAt, entry: Int64(index + 1)) {
            case .recorded(let all):
                outcomes.append(all.map { $0.change?.rawValue ?? "unchanged" }.joined(separator: ","))
            case .slots(let slots): outcomes.append("slots \(slots.count)")
            case .ignored: outcomes.append("ignored")
            case .parked(let park): outcomes.append(park.code.rawValue)
            }
        }
        let lines = book.appointments.values.map { entry in
            let state = entry.state
            return
                "\(entry.practice) \(state.status.rawValue) \(state.start?.description ?? "") \(state.end?.description ?? "") \(state.type?.code ?? "") \(state.resources.map(\.code)) \(entry.history.events.count)"
        }
        return (outcomes, lines.sorted())
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `The draft for a feed whose profile is gone handles a simulated week as the shipped profile does`(seed: UInt64)
        throws
    {
        let messages = SimulatedDay.messages(seed: seed)
        #expect(messages.count > 100)
        let draft = try FeedDraft(
            try study(messages), base: try unknowing(), practice: "demo", feed: "demo-pm", zone: "America/Chicago")
        let shipped = try Definition(files: try Definition.files(inFolder: Shipped.workflows))
        let (theirs, ours) = (schedule(shipped, messages), schedule(draft.definition, messages))
        for (number, (our, their)) in zip(ours.outcomes, theirs.outcomes).enumerated() where our != their {
            Issue.record("message \(number + 1): \(our) and not \(their)")
        }
        #expect(Set(ours.book).symmetricDifference(theirs.book).isEmpty)
        #expect(ours.book == theirs.book)
        #expect(!ours.outcomes.contains(ParkCode.unknownPractice.rawValue))
        let key = draft.definition.route(try Message(messages[0].bytes), port: nil, feedName: nil).keyMaterial
        #expect(key == shipped.route(try Message(messages[0].bytes), port: nil, feedName: nil).keyMaterial)
    }

    @Test func `The drafted folder is taken as it stands, its cases hold, and no patient is in it`() throws {
        let messages = SimulatedDay.messages(seed: 4)
        let study = try study(messages)
        var draft = try FeedDraft(
            study, base: try unknowing(), practice: "demo", feed: "demo-pm", zone: "America/Chicago")
        var trial = FeedTrial(draft.definition, feed: "demo-pm")
        for message in messages { trial.add(message.bytes, receivedAt: message.receivedAt) }
        draft.add(report: FeedReport.text(study, draft, trial, feed: "unclaimed", practice: "demo"))
        try written(draft.files) { folder in
            let results = try Cases.run(folder: folder)
            #expect(results.count >= 6)
            for result in results { #expect(result.failures.isEmpty, "\(result)") }
            #expect(try Definition(files: Definition.files(inFolder: folder)).feeds["demo-pm"] != nil)
        }
        let text = draft.files.filter { draft.changed.contains($0.key) }.map(\.value).joined(separator: "\n")
            .uppercased()
        for message in messages {
            let read = try Message(message.bytes)
            for path in [
                "PID-2", "PID-3", "PID-4.1", "PID-5.1", "PID-5.2", "PID-7", "PID-11", "PID-13.7", "PID-13[2].4",
                "SCH-2", "PV1-19", "MSH-10",
            ] as [Path] {
                guard let value = read.text(path)?.uppercased(), value.utf8.count > 4 else { continue }
                #expect(!text.contains(value), "\(path) is in the draft")
            }
        }
    }

    @Test func `A week tells the zone, the rhythm, the precision and which ids trade places`() throws {
        let study = try study(SimulatedDay.messages(seed: 5))
        #expect(study.zoneOfHeader == "America/Chicago")
        #expect(study.times["MSH-7"]?.digits[17] == study.schedule)
        #expect(study.times["MSH-7"]?.withZone == 0)
        #expect(study.rhythm[0].reduce(0, +) < study.rhythm[2].reduce(0, +), "a Sunday is quieter than a Tuesday")
        #expect(study.rhythm.flatMap(\.self).reduce(0, +) == study.messages)
        #expect(study.appointmentIDs.traded(1, 0).same > 0)
        #expect((study.identifiers["SCH-2"]?.laterKnown ?? 0) > 0)
        #expect(study.identifiers["PID-4[1]"]?.isGUID == true)
    }

    @Test func `NextGen's own messages are learnt, from Rosetta and from Office`() throws {
        let folder = Shipped.root + "/Tests/NextGen"
        for (sender, practice, zone) in [
            ("rosetta", "demo", "America/Chicago"), ("office", "new-office", "America/New_York"),
        ] {
            var messages: [(bytes: [UInt8], receivedAt: Date)] = []
            for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            where name.hasPrefix(sender) {
                let data = try #require(FileManager.default.contents(atPath: "\(folder)/\(name)"))
                messages += try Files.messages(in: Array(data)).map { ($0, Date(timeIntervalSince1970: 1_796_200_000)) }
            }
            let schedules = messages.filter { (try? Message($0.bytes).segment("SCH")) != nil }
            let draft = try FeedDraft(
                try study(messages), base: try unknowing(), practice: practice, feed: "\(practice)-pm", zone: zone)
            let shipped = try Cases.definition(inFolder: Shipped.workflows)
            #expect(schedule(draft.definition, schedules).outcomes == schedule(shipped, schedules).outcomes)
            try written(draft.files) { folder in
                for result in try Cases.run(folder: folder) { #expect(result.failures.isEmpty, "\(result)") }
            }
            let text = draft.files.values.joined(separator: "\n")
            for value in ["MARIS", "200417", "Sample Rd", "5550100", "19840309", "900001", "ELM ST", "19900322"] {
                #expect(!text.contains(value), "\(value) is in the draft")
            }
        }
    }

    @Test func `Whatever a public corpus holds, a study ends and its draft is taken`() throws {
        guard FileManager.default.fileExists(atPath: CorpusTests.corpus) else {
            try Test.cancel("the corpus is not here")
        }
        var study = FeedStudy(zone: .gmt)
        for path in try FileManager.default.subpathsOfDirectory(atPath: CorpusTests.corpus + "/hl7").sorted() {
            guard let data = FileManager.default.contents(atPath: "\(CorpusTests.corpus)/hl7/\(path)"),
                data.count < 1_000_000,
                data.range(of: Data("MSH|".utf8)) != nil
            else { continue }
            for bytes in (try? Files.messages(in: Array(data))) ?? [Array(data)] {
                study.add(bytes, receivedAt: Date(timeIntervalSince1970: 1_795_000_000))
            }
        }
        #expect(study.schedule >= 30)
        let draft = try FeedDraft(study, base: try unknowing(), practice: "any", feed: "any-pm", zone: "America/Denver")
        #expect(draft.definition.feeds["any-pm"] != nil)
        try written(draft.files) { folder in
            for result in try Cases.run(folder: folder) { #expect(result.failures.isEmpty, "\(result)") }
        }
    }

    @Test func `A feed that is in the practice's file keeps its place there, and only its profile is another`() throws {
        let base = try Definition.files(inFolder: Shipped.workflows)
        let draft = try FeedDraft(
            try study(SimulatedDay.messages(seed: 6)), base: base, practice: "demo", feed: "demo-nextgen",
            zone: "America/Chicago")
        let (old, new) = (try #require(base["practices/demo.yaml"]), try #require(draft.files["practices/demo.yaml"]))
        #expect(new == old.replacing("profile: nextgen-rosetta", with: "profile: demo-nextgen"))
        #expect(draft.definition.feeds["demo-nextgen"]?.practices == ["0001": "demo"])
    }

    @Test func `Other practices on one port are told of and not taken for this one`() throws {
        var messages = SimulatedDay.messages(seed: 7)
        for index in messages.indices where index.isMultiple(of: 3) {
            let text = String(decoding: messages[index].bytes, as: UTF8.self)
            messages[index].bytes = Array(
                text.replacing("Demo Family Practice^0001", with: "Demo Family Practice^0002").utf8)
        }
        let draft = try FeedDraft(
            try study(messages), base: try unknowing(), practice: "demo", feed: "demo-pm", zone: "America/Chicago")
        let stranger = draft.definition.route(try Message(messages[0].bytes), port: nil, feedName: nil)
        #expect(stranger.parkCode == .unknownPractice && stranger.feed == "demo-pm")
        #expect(draft.definition.route(try Message(messages[1].bytes), port: nil, feedName: nil).practice == "demo")
        #expect(draft.profile.remarks.contains { $0.contains("1 more values") })
    }

    @Test func `A sample of values stays within its limit and counts what it does not hold`() {
        var sample = ValueSample(limit: 500)
        for number in 0..<20_000 { _ = sample.see("v\(number)", at: 0, owner: 0, isBooking: true) }
        for number in 0..<20_000 where number.isMultiple(of: 2) {
            _ = sample.see("v\(number)", at: 1, owner: 0, isBooking: false)
        }
        #expect((16_000...24_000).contains(sample.distinct(at: 0)))
        #expect((7_500...12_500).contains(sample.distinct(at: 1)))
        #expect((0.4...0.6).contains(sample.recurring(at: 0)))
        #expect(sample.level > 0)
    }
}
