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
        for _ in 0..<4 { breaker.failed(now: start) }
        #expect(breaker.passed() == nil)
        for _ in 0..<5 { breaker.failed(now: start) }
        #expect(breaker.passed() == .short)
        #expect(breaker.passed() == nil)
        #expect(breaker.room(of: 16, isIdle: false, now: start) == 16)
        for second in 0..<40 { breaker.failed(now: start + .seconds(second)) }
        #expect(breaker.passed() == .long)
    }
}
