package import NIOCore
import ParleyEngine

/// A connection as the sweep of its event loop sees it.
package protocol SweptConnection: AnyObject {
    /// Its place in the registry's list; the registry keeps it.
    var slot: Int { get set }
    /// Looks at deadlines; `now` in milliseconds of the registry's clock.
    func sweep(at now: Int64)
    /// The server goes down: finish what is under way, then close.
    func quiesce()
    /// The server's time is up: close at once.
    func cut()
}

/// The connections of one event loop and what they share: one clock, one sweep a second, one buffer to unmask into.
///
/// One timer for all connections instead of one each; times are therefore good to a second.
// Sound because every member but `eventLoop` is touched on `eventLoop` only, which `assertInEventLoop` checks in debug builds.
package final class LoopRegistry: @unchecked Sendable {
    package let eventLoop: any EventLoop
    /// Milliseconds of a clock that never goes back, as of the last sweep.
    package private(set) var now: Int64
    /// The way of HTTP's answers to these connections.
    let answers: AnswerTurns
    /// Working space for the frame parser; each use ends before the next begins.
    package var scratch = ByteBuffer()
    /// Whether new connections are told to go away.
    package private(set) var isQuiescing = false
    private var connections: [any SweptConnection] = []
    private var timer: RepeatedTask?
    /// How many connections the sweep that is under way has yet to look at.
    private var toSweep = 0
    private var date = HTTPDate()

    /// The largest scratch space kept from one sweep to the next, in bytes.
    private static let scratchKept = 131_072
    /// Connections looked at in one turn of the loop, at least: each may be sent a ping, and ten thousand pings at once would hold
    /// everybody up for 200 ms, and their answers again.
    package static let sweptPerTurn = 64
    /// Connections told in one turn that the server goes down: each is written to and ended.
    package static let toldPerTurn = 16
    /// Turns that a sweep takes at most, so that it is through within a second.
    package static let turnsPerSweep = 512
    /// How long the loop is left to others in between.
    package static let sweepPause = TimeAmount.milliseconds(1)

    package init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        self.answers = AnswerTurns(eventLoop: eventLoop)
        self.now = Self.clock()
    }

    package var count: Int { self.connections.count }

    /// The value of a `Date` header, as of the last sweep.
    package func httpDate() -> String {
        self.eventLoop.assertInEventLoop()
        return self.date.text(at: self.now)
    }

    /// Begins to sweep, once a second. From any thread.
    package func start() {
        self.eventLoop.execute {
            self.timer = self.eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
                self.sweep(at: Self.clock())
            }
        }
    }

    /// Ends the sweeps. From any thread.
    package func stop() {
        self.eventLoop.execute {
            self.timer?.cancel()
            self.timer = nil
        }
    }

    package func add(_ connection: any SweptConnection) {
        self.eventLoop.assertInEventLoop()
        connection.slot = self.connections.count
        self.connections.append(connection)
    }

    /// Forgets a connection; does nothing for one that is not here.
    package func remove(_ connection: any SweptConnection) {
        self.eventLoop.assertInEventLoop()
        let slot = connection.slot
        guard self.connections.indices.contains(slot), self.connections[slot] === connection else { return }
        let last = self.connections.removeLast()
        if last !== connection {
            self.connections[slot] = last
            last.slot = slot
        }
        connection.slot = -1
    }

    /// Puts `successor` where `connection` was: its socket was upgraded.
    package func replace(_ connection: any SweptConnection, by successor: any SweptConnection) {
        self.remove(connection)
        self.add(successor)
    }

    /// Looks at every connection's deadlines, a part of them in this turn of the loop and the rest in those that follow.
    package func sweep(at time: Int64) {
        self.now = max(self.now, time)
        if self.scratch.capacity > Self.scratchKept { self.scratch = ByteBuffer() }
        // A sweep that is not through yet goes on by itself.
        guard self.toSweep == 0 else { return }
        self.toSweep = self.connections.count
        self.sweepSome()
    }

    private func sweepSome() {
        let most = max(Self.sweptPerTurn, self.connections.count / Self.turnsPerSweep)
        self.toSweep = self.visit(below: self.toSweep, atMost: most) { $0.sweep(at: self.now) }
        guard self.toSweep > 0 else { return }
        self.eventLoop.assumeIsolated().scheduleTask(in: Self.sweepPause) { self.sweepSome() }
    }

    /// Tells every connection that the server goes down, those to come included; a part of them in this turn of the loop and the
    /// rest in those that follow.
    package func quiesce() {
        self.isQuiescing = true
        self.quiesceSome(below: self.connections.count)
    }

    private func quiesceSome(below index: Int) {
        let left = self.visit(below: index, atMost: Self.toldPerTurn) { $0.quiesce() }
        guard left > 0 else { return }
        self.eventLoop.assumeIsolated().scheduleTask(in: LoopTurns.pause) { self.quiesceSome(below: left) }
    }

    /// Closes every connection at once.
    package func cutAll() {
        self.isQuiescing = true
        _ = self.visit(below: self.connections.count, atMost: .max) { $0.cut() }
    }

    /// Visits some of the connections below a place, and returns below which place the others are. From the last to the first: a
    /// connection that leaves is replaced by one that was visited. Others may leave meanwhile.
    private func visit(below index: Int, atMost most: Int, _ body: (any SweptConnection) -> Void) -> Int {
        self.eventLoop.assertInEventLoop()
        var (index, left) = (index, most)
        while left > 0, index > 0 {
            index -= 1
            guard index < self.connections.count else { continue }
            left -= 1
            body(self.connections[index])
        }
        return index
    }

    private static func clock() -> Int64 { Int64(clamping: NIODeadline.now().uptimeNanoseconds / 1_000_000) }
}
