import Foundation
import HL7
import Practice
import Workflow

/// Rows for the codes that a feed bears and the practice's tables do not know. A status word gets none, because what it
/// means is not in the messages: it is written as a remark to be decided.
struct DraftTables {
    private var rows: [TableName: [[String: String]]] = [:]
    private var remarks: [TableName: [String]] = [:]
    /// Codes that are left out: they may be a patient's.
    private(set) var withheld = 0
    private let practice: String
    private let before: Definition

    init(_ study: FeedStudy, _ profile: LearntProfile, practice: String, before: Definition) {
        self.practice = practice
        self.before = before
        let types = profile.fields.first { $0.name == .type }?.paths.first ?? "SCH-8"
        take(study.codes.first { "\($0.key)" == types }?.value, .events) {
            ["text": $0.words.isEmpty ? $0.code : $0.words]
        }
        take(study.codes["AIL-3"] ?? study.codes["PV1-3"], .locations) {
            ["name": $0.words.isEmpty ? $0.code : $0.words]
        }
        for path in ["AIP-3", "PV1-7"] as [Path] {
            take(study.codes[path], .resources) { evidence in
                [
                    "kind": "practitioner", "name": evidence.words.isEmpty ? evidence.code : evidence.words,
                    "npi": evidence.code.isNPI ? evidence.code : "",
                ]
            }
        }
        take(study.codes["AIG-3"], .resources) {
            ["kind": "device", "name": $0.words.isEmpty ? $0.code : $0.words]
        }
        if !profile.fields.contains(where: { $0.name == .cancelReason && $0.paths.isEmpty }) {
            take(study.cancelReasons, .cancelReasons) { ["text": $0.words.isEmpty ? $0.code : $0.words] }
        }
        let statusPath = profile.fields.first { $0.name == .status }?.paths.first ?? "SCH-25"
        for evidence in study.codes.first(where: { "\($0.key)" == statusPath })?.value.ranked ?? []
        where before.table(.status).rows(evidence.code, practice: practice).isEmpty {
            guard evidence.mayBeWritten() else {
                withheld += 1
                continue
            }
            let events = study.states.ranked.filter { $0.key.hasSuffix(" \(evidence.code.uppercased())") }
                .map { "\($0.key.prefix(3)) \($0.count)" }
            remarks[.status, default: []].append(
                "# \(evidence.code.uppercased()) of \(practice): seen with \(events.joined(separator: ", ")). Write its row, or its messages wait."
            )
        }
    }

    private mutating func take(
        _ book: CodeBook?, _ table: TableName, _ values: (CodeEvidence) -> [String: String]
    ) {
        guard let book, book.isCoded else { return }
        for evidence in book.ranked where before.table(table).rows(evidence.code, practice: practice).isEmpty {
            let code = evidence.code.uppercased()
            if rows[table, default: []].contains(where: { $0["code"]?.uppercased() == code }) { continue }
            guard evidence.mayBeWritten() else {
                withheld += 1
                continue
            }
            rows[table, default: []].append(
                values(evidence).merging(["code": evidence.code, "practice": practice]) { first, _ in first })
        }
    }

    /// Adds the rows at the end of their tables; makes those that are not there.
    func extend(_ files: inout [String: String]) {
        for table in TableName.allCases {
            let (rows, remarks) = (rows[table] ?? [], remarks[table] ?? [])
            if rows.isEmpty, remarks.isEmpty { continue }
            let path = "tables/\(table.rawValue).csv"
            var text = files[path] ?? ""
            if text.isEmpty {
                text =
                    (["code"] + (rows.first ?? [:]).keys.filter { $0 != "code" }.sorted()).joined(separator: ",") + "\n"
            }
            if !text.hasSuffix("\n") { text += "\n" }
            let header =
                text.split(separator: "\n").first { !$0.hasPrefix("#") && !$0.allSatisfy(\.isWhitespace) } ?? ""
            let columns = header.split(separator: ",", omittingEmptySubsequences: false).map {
                $0.trimmingCharacters(in: .whitespacesAndNewlines).lowercased()
            }
            text += "# Drafted by `pmsync learn` for \(practice).\n"
            for remark in remarks { text += remark + "\n" }
            for row in rows { text += columns.map { row[$0] ?? "" }.joined(separator: ",") + "\n" }
            files[path] = text
        }
    }
}
