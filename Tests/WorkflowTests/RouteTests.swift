import HL7
import Testing

@testable import Workflow

@Suite struct RouteTests {
    let definition: Definition

    init() throws {
        var files = try Folder.shipped()
        files["practices/one.yaml"] = """
            practice: one
            enterprise: group
            zone: America/Chicago
            feeds:
              - {feed: shared, profile: nextgen-rosetta, sender: NG, practice-value: "0001", refuse: [unknown-practice]}
              - {feed: own-port, profile: standard, port: 2600, production: false}
            """
        files["practices/two.yaml"] = """
            practice: two
            enterprise: group
            zone: America/Denver
            feeds:
              - {feed: shared, profile: nextgen-rosetta, sender: NG, practice-value: ["0002", "0003"], refuse: [unknown-practice]}
            """
        definition = try Definition(files: files)
    }

    func message(
        _ type: String = "SIU^S12", sender: String = "NG", facility: String = "C^0001", mode: String = "P",
        rest: String = ""
    ) throws -> Message {
        try Message(Array("MSH|^~\\&|\(sender)|\(facility)|X|Y|20261122||\(type)|1|\(mode)|2.5.1\r\(rest)".utf8))
    }

    @Test(arguments: [("0001", "one"), ("0002", "two"), ("0003", "two")])
    func onePortCarriesManyPractices(value: String, practice: String) throws {
        let route = definition.route(try message(facility: "C^\(value)"), port: nil, feedName: nil)
        #expect(route.practice == practice && route.enterprise == "group" && route.feed == "shared")
        #expect(route.parkCode == nil && route.workflow == "scheduling")
    }

    @Test func anUnknownPracticeParksAndNeverFallsToADefault() throws {
        let route = definition.route(try message(facility: "C^0009"), port: nil, feedName: nil)
        #expect(route.practice == nil && route.parkCode == .unknownPractice && route.feed == "shared")
        #expect(route.isRefused)
    }

    @Test func aStrangerIsUnclaimedAndStillGoesToAQueue() throws {
        let route = definition.route(try message(sender: "WHO"), port: nil, feedName: nil)
        #expect(route.feed == Route.unclaimed && route.parkCode == .unknownPractice && route.workflow == "scheduling")
        #expect(!route.isRefused)
    }

    @Test func whatNoWorkflowTakesParksAsAnUnknownType() throws {
        let route = definition.route(try message("DFT^P03"), port: nil, feedName: nil)
        #expect(route.parkCode == .unknownType && route.practice == "one" && route.workflow == "scheduling")
    }

    @Test func aTestMessageParksOnAProductionFeedOnly() throws {
        #expect(definition.route(try message(mode: "T"), port: nil, feedName: nil).parkCode == .testMessage)
        #expect(definition.route(try message(sender: "Z", mode: "T"), port: 2600, feedName: nil).parkCode == nil)
    }

    @Test func theClosestMarksDecide() throws {
        #expect(definition.route(try message(sender: "Z"), port: 2600, feedName: nil).feed == "own-port")
        #expect(definition.route(try message(sender: "NG"), port: 2600, feedName: nil).feed == "shared")
        #expect(definition.route(try message(sender: "NG"), port: nil, feedName: "own-port").feed == "own-port")
        #expect(definition.ports == [2600])
    }

    @Test(arguments: [
        ("PID|1|L|M^^^A^MR|G-1~X\rAIP|1||D", "person/group/G-1"), ("PID|1|L|M|\rAIP|1||D", "person/group/M"),
        ("PID|1|L", "person/group/L"), ("AIG|1||R\rAIL|1||P", "resource/one/R"), ("SCH||F", "appointment/one/F"),
        ("SCH|P", "appointment/one/P"), ("", "feed/shared"),
    ])
    func theKeyIsThePersonThenTheResourceThenTheAppointmentThenTheFeed(rest: String, key: String) throws {
        #expect(definition.route(try message(rest: rest), port: nil, feedName: nil).keyMaterial == key)
    }

    @Test func unreadableBytesGoToTheFeedOfTheirPort() {
        #expect(definition.routeUnreadable(port: 2600, feedName: nil).feed == "own-port")
        let route = definition.routeUnreadable(port: nil, feedName: nil)
        #expect(route.feed == Route.unclaimed && route.parkCode == .unreadable)
    }
}
