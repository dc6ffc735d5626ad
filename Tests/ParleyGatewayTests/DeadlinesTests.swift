import ParleyGateway
import Testing

/// All times are wound by hand, in milliseconds.
struct SocketDeadlinesTests {
    private let settings = SocketDeadlines.Settings(heartbeat: 30_000, message: 30_000, write: 30_000, closing: 4_000)

    private func sweep(_ deadlines: inout SocketDeadlines, at now: Int64, waiting: Int = 0, isPaused: Bool = false)
        -> SocketDeadlines.Action
    {
        deadlines.sweep(at: now, waiting: waiting, isPaused: isPaused, settings: self.settings)
    }

    @Test func silenceIsAskedOncePerIntervalAndThenCut() {
        var deadlines = SocketDeadlines(at: 0)
        #expect(self.sweep(&deadlines, at: 29_999) == .wait)
        #expect(self.sweep(&deadlines, at: 30_000) == .ping)
        #expect(self.sweep(&deadlines, at: 31_000) == .wait)
        #expect(self.sweep(&deadlines, at: 59_999) == .wait)
        #expect(self.sweep(&deadlines, at: 60_000) == .cut(.silent))
    }

    @Test func anyByteIsASignOfLife() {
        var deadlines = SocketDeadlines(at: 0)
        #expect(self.sweep(&deadlines, at: 30_000) == .ping)
        deadlines.heard(at: 59_000, isMidMessage: false, endedMessage: false)
        #expect(self.sweep(&deadlines, at: 60_000) == .wait)
        #expect(self.sweep(&deadlines, at: 89_000) == .ping)
        #expect(self.sweep(&deadlines, at: 119_000) == .cut(.silent))
    }

    @Test func trickledMessageIsCutThoughBytesCome() {
        var deadlines = SocketDeadlines(at: 0)
        for second in 1...30 {
            deadlines.heard(at: Int64(second) * 1_000, isMidMessage: true, endedMessage: false)
            #expect(self.sweep(&deadlines, at: Int64(second) * 1_000) == .wait)
        }
        deadlines.heard(at: 31_000, isMidMessage: true, endedMessage: false)
        #expect(self.sweep(&deadlines, at: 31_000) == .cut(.messageTooSlow))
    }

    @Test func messageEndedStartsTheNextOnesTime() {
        var deadlines = SocketDeadlines(at: 0)
        deadlines.heard(at: 0, isMidMessage: true, endedMessage: false)
        deadlines.heard(at: 29_000, isMidMessage: true, endedMessage: true)
        #expect(self.sweep(&deadlines, at: 31_000) == .wait)
        deadlines.heard(at: 40_000, isMidMessage: false, endedMessage: true)
        #expect(self.sweep(&deadlines, at: 69_000) == .wait)
    }

    @Test func readerThatTakesNothingIsCutAndOneThatTakesALittleIsNot() {
        var stuck = SocketDeadlines(at: 0)
        var slow = SocketDeadlines(at: 0)
        stuck.wrote(100_000)
        slow.wrote(100_000)
        for second in 0...29 {
            let now = Int64(second) * 1_000
            stuck.heard(at: now, isMidMessage: false, endedMessage: true)
            slow.heard(at: now, isMidMessage: false, endedMessage: true)
            #expect(self.sweep(&stuck, at: now, waiting: 90_000) == .wait)
            #expect(self.sweep(&slow, at: now, waiting: 90_000 - second) == .wait)
        }
        #expect(self.sweep(&stuck, at: 30_000, waiting: 90_000) == .cut(.readerTooSlow))
        #expect(self.sweep(&slow, at: 30_000, waiting: 80_000) == .wait)
    }

    @Test func writingMoreIsNotProgress() {
        var deadlines = SocketDeadlines(at: 0)
        var waiting = 0
        for second in 0...30 {
            deadlines.wrote(10)
            waiting += 10
            deadlines.heard(at: Int64(second) * 1_000, isMidMessage: false, endedMessage: true)
            let action = self.sweep(&deadlines, at: Int64(second) * 1_000, waiting: waiting)
            #expect(action == (second < 30 ? .wait : .cut(.readerTooSlow)))
        }
    }

    @Test func idleConnectionNeedsNoLook() {
        var deadlines = SocketDeadlines(at: 0)
        #expect(!deadlines.needsWaitingBytes)
        deadlines.wrote(10)
        #expect(deadlines.needsWaitingBytes)
        #expect(self.sweep(&deadlines, at: 1_000) == .wait)
        #expect(!deadlines.needsWaitingBytes)
    }

    @Test func pausedConnectionIsNotBlamedForSilence() {
        var deadlines = SocketDeadlines(at: 0)
        deadlines.heard(at: 0, isMidMessage: true, endedMessage: false)
        #expect(self.sweep(&deadlines, at: 100_000, isPaused: true) == .wait)
        #expect(self.sweep(&deadlines, at: 129_000) == .wait)
        #expect(self.sweep(&deadlines, at: 130_000) == .cut(.messageTooSlow))
    }

    @Test func closeIsWaitedForLessThanFiveSeconds() {
        var deadlines = SocketDeadlines(at: 0)
        deadlines.closing(at: 1_000)
        deadlines.closing(at: 3_000)
        deadlines.heard(at: 4_000, isMidMessage: false, endedMessage: true)
        #expect(self.sweep(&deadlines, at: 4_999) == .wait)
        #expect(self.sweep(&deadlines, at: 5_000) == .cut(.closeUnanswered))
    }
}

struct RequestDeadlinesTests {
    private var limits: HTTPLimits {
        var limits = HTTPLimits()
        (limits.headMilliseconds, limits.idleMilliseconds, limits.bodyMilliseconds) = (10_000, 60_000, 20_000)
        return limits
    }

    @Test(arguments: [
        (RequestDeadlines.Wait.head, Int64(10_000), RequestDeadlines.Action.timeOut), (.body, 20_000, .timeOut),
        (.idle, 60_000, .cut), (.answer, 30_000, .cut), (.end, 1_000, .cut),
    ])
    func waitEndsAtItsDeadline(wait: RequestDeadlines.Wait, time: Int64, action: RequestDeadlines.Action) {
        var deadlines = RequestDeadlines(at: 0)
        deadlines.wait(for: wait, at: 5)
        #expect(deadlines.sweep(at: time + 4, waiting: 0, limits: self.limits) == .wait)
        #expect(deadlines.sweep(at: time + 5, waiting: 0, limits: self.limits) == action)
    }

    @Test func answerOnItsWayHoldsTheNextDeadlineBack() {
        var deadlines = RequestDeadlines(at: 0)
        deadlines.wait(for: .end, at: 0)
        deadlines.wrote(1_000_000)
        for second in 1...100 {
            #expect(deadlines.sweep(at: Int64(second) * 1_000, waiting: 900_000 - second, limits: self.limits) == .wait)
        }
        #expect(deadlines.sweep(at: 130_000, waiting: 899_900, limits: self.limits) == .cut)
    }
}
