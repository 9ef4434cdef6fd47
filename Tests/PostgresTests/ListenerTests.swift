import Postgres
import TestSupport
import Testing

@Suite struct ListenerTests {
    @Test func `a listener hears, and hears again after its connection was killed`() async throws {
        let database = try await TestDatabase.make()
        let session = try await database.session()
        let configuration = try Configuration(url: database.url, applicationName: "ear")
        let listener = Listener(configuration, channels: ["bell", "Other \"bell\""])
        await withTaskGroup { group in
            group.addTask { await listener.run() }
            await #expect(throws: Never.self) {
                var told = listener.notifications.makeAsyncIterator()
                #expect(await told.next() == .reconnected)
                try await session.query("SELECT pg_notify('bell', \("one"))")
                #expect(await told.next() == .heard(channel: "bell", payload: "one"))
                let pids = try await session.query("SELECT pid FROM pg_stat_activity WHERE application_name = 'ear'")
                try await session.kill(pids[0].decode(Int32.self))
                #expect(await told.next() == .reconnected)
                try await session.query("SELECT pg_notify(\("Other \"bell\""), 'two')")
                #expect(await told.next() == .heard(channel: "Other \"bell\"", payload: "two"))
            }
            group.cancelAll()
        }
    }

    @Test func `a cancelled listener ends at once, and so do its notifications`() async throws {
        let database = try await TestDatabase.make()
        let listener = Listener(try database.configuration(), channels: ["bell"])
        let began = ContinuousClock.now
        let task = Task { await listener.run() }
        var told = listener.notifications.makeAsyncIterator()
        #expect(await told.next() == .reconnected)
        task.cancel()
        #expect(await told.next() == nil)
        await task.value
        #expect(began.duration(to: .now) < .seconds(20))
    }
}
