import Testing

@testable import Queue

@Suite struct BreakerTests {
    private let start = ContinuousClock.now

    @Test func afterFiveFailuresOneJobAtATimeIsTriedAndAfterLongerAndLongerWaits() {
        var breaker = Breaker()
        for _ in 0..<4 { breaker.failed(now: start) }
        #expect(breaker.room(of: 16, isIdle: false, now: start) == 16)
        breaker.failed(now: start)
        var now = start
        for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
            #expect(breaker.room(of: 16, isIdle: true, now: now + .seconds(wait) - .milliseconds(1)) == 0)
            now += .seconds(wait)
            #expect(breaker.room(of: 16, isIdle: true, now: now) == 1)
            #expect(breaker.room(of: 16, isIdle: false, now: now) == 0)
            breaker.failed(now: now)
        }
    }

    @Test func aBurstThatFailsTogetherCountsOnce() {
        var breaker = Breaker()
        for _ in 0..<16 { breaker.failed(now: start) }
        #expect(breaker.room(of: 16, isIdle: true, now: start + .seconds(1)) == 1)
    }

    @Test func theFirstSuccessEndsAnOutageAndTellsHowLongItWas() {
        var breaker = Breaker()
        for _ in 0..<5 { breaker.failed(now: start) }
        #expect(breaker.passed(now: start + .seconds(1)) == .alwaysWas)
        #expect(breaker.passed(now: start + .seconds(2)) == nil)
        #expect(breaker.room(of: 16, isIdle: false, now: start) == 16)
        for _ in 0..<4 { breaker.failed(now: start + .seconds(3)) }
        #expect(breaker.passed(now: start + .seconds(4)) == nil)
        for second in 0..<40 { breaker.failed(now: start + .seconds(5 + second)) }
        #expect(breaker.passed(now: start + .seconds(60)) == .lasted(.seconds(55)))
    }

    @Test(arguments: [(0, 1), (1, 2), (5, 3), (20, 3), (40, 4), (2_400, 6), (400_000, 12)])
    func anOutageHastensWhatFailedInItAndNotWhatFailedBefore(seconds: Int, attempts: Int16) {
        let waits = RetrySchedule(
            steps: [1, 5, 30, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400].map { .seconds($0) })
        #expect(waits.attempts(in: .lasted(.seconds(seconds))) == attempts)
        #expect(waits.attempts(in: .alwaysWas) == .max)
    }
}
