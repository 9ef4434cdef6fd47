import Practice
import Testing

@testable import Scheduling

/// What a decision that was taken back has filed wrongly.
@Suite struct MisfiledTests {
    private func said(_ entry: Int64, _ names: [String] = [], by decision: Int64? = nil) -> Misfiled.Said {
        Misfiled.Said(
            entry: entry, decision: decision, isUnnamed: names.isEmpty,
            names: Set(names.map { Identifier(.filler, authority: "", value: $0) }))
    }

    private func filler(_ value: String) -> Identifier { Identifier(.filler, authority: "", value: value) }

    @Test func `What the decision filed goes, with the name that it gave, and all that came by this name`() {
        let found = Misfiled(
            of: 7,
            among: [said(1, ["F1"]), said(2, ["F2"], by: 7), said(3, ["F1"]), said(4, ["F2"]), said(5, ["F2", "F3"])])
        #expect(found.entries == [2, 4, 5])
        #expect(found.names == [filler("F2"), filler("F3")])
    }

    @Test func `What came before the decision stays, also what bears no name`() {
        let found = Misfiled(of: 7, among: [said(1), said(2), said(3, by: 7)])
        #expect(found.entries == [3] && found.names.isEmpty)
    }

    @Test func `What came after it without a name is judged anew`() {
        let found = Misfiled(of: 7, among: [said(1, ["F1"]), said(2, by: 7), said(3), said(4, ["F1"])])
        #expect(found.entries == [2, 3])
    }

    @Test func `A name that the PM itself has told of both is the appointment's own`() {
        let found = Misfiled(
            of: 7, among: [said(1, ["F1"]), said(2, ["F2"], by: 7), said(3, ["F1", "F2"]), said(4, ["F2"])])
        #expect(found.entries == [2] && found.names.isEmpty)
    }

    @Test func `Another decision's filings stay`() {
        let found = Misfiled(of: 7, among: [said(1, ["F1"]), said(2, ["F1"], by: 6), said(3, ["F1"], by: 7)])
        #expect(found.entries == [3] && found.names.isEmpty)
    }
}
