import Foundation
import MLLP
import Postgres
import TestSupport
import Testing

extension PathSuite {
    /// Programs from PyPI that know nothing of this project, and judges of what it emits.
    @Suite struct PeerTests {
        private static let requirements = "hl7==0.4.5\nfhirpy==2.3.1\n"

        @Test("mllp_send of python-hl7 delivers a file of messages and gets an AA for each")
        func mllpSend() async throws {
            guard let peers = try PythonPeers.ready("peers", requirements: Self.requirements) else {
                try Test.cancel("hl7 and fhirpy could not be installed from PyPI")
            }
            try await Practice.open { practice in
                let file = URL(filePath: practice.folder + "/messages.mllp")
                let framed = Self.bookings(25).enumerated()
                    .flatMap { FrameDecoder.frame($1.message("S12", id: "py\($0)", at: $0)) }
                try Data(framed).write(to: file)
                let sender = peers.python.deletingLastPathComponent().appending(path: "mllp_send").path
                let sent = try await Products.run(
                    sender, ["--file", file.path, "--port", String(practice.port("mllp")), "127.0.0.1"])
                #expect(sent.status == 0, "\(sent.output)")
                for number in 0..<25 {
                    #expect(sent.output.contains("MSA|AA|py\(number)\r"), "py\(number) was not acknowledged")
                }
                try await practice.settled(25)
                #expect(try await practice.count("SELECT count(*) FROM records.appointment") == 25)
                #expect(try await practice.agrees())
            }
        }

        @Test("fhirpy reads every appointment through /fhir, page by page, and only with the key")
        func fhirpy() async throws {
            guard let peers = try PythonPeers.ready("peers", requirements: Self.requirements) else {
                try Test.cancel("hl7 and fhirpy could not be installed from PyPI")
            }
            try await Practice.open { practice in
                try await Self.fill(practice, with: 23)
                let script = """
                    import json, sys
                    from fhirpy import SyncFHIRClient
                    from fhirpy.base.exceptions import AuthorizationError
                    base, key = sys.argv[1], sys.argv[2]
                    client = SyncFHIRClient(base, authorization="Bearer " + key)
                    pages = 0
                    ids = set()
                    for found in client.resources("Appointment").search(status="booked").limit(5):
                        assert found.resource_type == "Appointment" and found["status"] == "booked"
                        assert client.reference("Appointment", found.id).to_resource()["id"] == found.id
                        ids.add(found.id)
                    print("\\n".join(sorted(ids)))
                    try:
                        SyncFHIRClient(base, authorization="Bearer pmk_wrong").resources("Appointment").fetch()
                        print("let in without a key")
                    except AuthorizationError as refused:
                        outcome = json.loads(str(refused))
                        assert outcome["resourceType"] == "OperationOutcome", outcome
                        assert outcome["issue"][0]["code"] in ("login", "unknown", "security"), outcome
                    """
                let file = practice.folder + "/read.py"
                try script.write(toFile: file, atomically: true, encoding: .utf8)
                let read = try await Products.run(
                    peers.python.path, [file, practice.app.base + "/fhir", practice.app.key])
                #expect(read.status == 0, "\(read.output)")
                let ours = try await practice.texts(
                    "SELECT id::text FROM records.appointment WHERE status = 'booked' ORDER BY 1")
                #expect(ours.count == 21)
                #expect(read.output.split(separator: "\n").map(String.init) == ours)
            }
        }

        @Test("The independent FHIR checkers find nothing in what the gateway answers")
        func fhirCheck() async throws {
            let tool = Products.root.deletingLastPathComponent().appending(path: "shared/tools/fhir-check")
            guard let wanted = try? String(contentsOf: tool.appending(path: "requirements.txt"), encoding: .utf8)
            else { try Test.cancel("../shared/tools/fhir-check is not beside this repository") }
            guard let judge = try PythonPeers.ready("fhir-check", requirements: wanted) else {
                try Test.cancel("fhir-check's Python packages could not be installed")
            }
            try await Practice.open { practice in
                try await Self.fill(practice, with: 12)
                let app = practice.app
                var files: [String] = []
                func keep(_ path: String, expecting wanted: Int = 200) async throws {
                    let (status, body) = try await app.fetch(path)
                    #expect(status == wanted, "\(path)")
                    let file = "\(practice.folder)/answer-\(files.count).json"
                    try Data(body).write(to: URL(filePath: file))
                    files.append(file)
                }
                struct Page: Decodable {
                    struct Link: Decodable { let relation: String, url: String }
                    struct Entry: Decodable {
                        struct Resource: Decodable { let id: String }
                        let resource: Resource
                    }
                    let link: [Link]
                    let entry: [Entry]?
                }
                for type in ["Appointment", "Slot", "Schedule", "Patient"] {
                    var next: String? = "/fhir/\(type)?_count=5"
                    var seen = 0
                    while let page = next {
                        try await keep(page)
                        let read = try await app.get(page, as: Page.self)
                        for entry in read.entry ?? [] {
                            if seen < 3 { try await keep("/fhir/\(type)/\(entry.resource.id)") }
                            seen += 1
                        }
                        next = read.link.first { $0.relation == "next" }?.url
                    }
                    #expect(seen > 0, "there is no \(type)")
                }
                try await keep("/fhir/Appointment/00000000-0000-4000-8000-000000000000", expecting: 404)
                try await keep("/fhir/Appointment?colour=red", expecting: 400)
                try await keep("/fhir/metadata")
                let check = tool.appending(path: "check.py").path
                let verdict = try await Products.run(judge.python.path, [check] + files)
                let findings = verdict.output.split(separator: "\n").dropLast()
                // The published schema's own slip: its list of versions ends at 4.0.0, R4's value set has 4.0.1.
                let others = findings.filter { !$0.contains("schema: fhirVersion : '4.0.1' is not one of") }
                #expect(others.isEmpty, "\(verdict.output)")
                #expect(findings.count == 1, "the checkers did not look at the CapabilityStatement")
            }
        }

        private static func bookings(_ count: Int) -> [Booking] {
            (0..<count).map { number in
                Booking(filler: "F\(number)", person: "P\(number % 7)", start: Booking.day(30 + number) + "090000")
            }
        }

        /// So many appointments, of which one is cancelled, one is missed, and one is moved; and a blocked hour.
        private static func fill(_ practice: Practice, with count: Int) async throws {
            let all = bookings(count)
            for (number, booking) in all.enumerated() {
                try await practice.send(booking.message("S12", id: "f\(number)", at: number))
            }
            try await practice.send(all[0].message("S15", id: "cancel", at: 100))
            try await practice.send(all[1].message("S26", id: "miss", at: 101))
            try await practice.send(all[2].at(Booking.day(32) + "150000").message("S13", id: "move", at: 102))
            let block = Booking(filler: "B", person: "", start: Booking.day(30) + "120000")
            try await practice.send(block.message("S23", id: "block", at: 103))
            try await practice.settled(count + 4)
            #expect(try await practice.count("SELECT count(*) FROM queue.blocked") == 0)
        }
    }
}
