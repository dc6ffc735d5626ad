import DequeModule
package import NIOCore
package import ParleyWire

/// What one event loop writes, turn by turn, so that nobody waits for the fan-out of a large room (R25, R28).
///
/// A turn writes, in this order: answers; what small rooms have; and large rooms in rotation, a few connections of one, then of
/// the next. Each is bounded, so a turn of the loop is short. Between turns the loop looks at its sockets: what a client asks is
/// read, and answered, while the fan-out goes on.
package final class LoopTurns {
    /// How long the loop is left alone between turns. NIO runs what is due before it looks at sockets, so a next turn that
    /// is due at once would keep it from reading until all is written; this is longer than NIO needs to see that nothing is.
    package static let pause = TimeAmount.microseconds(30)

    private let eventLoop: any EventLoop
    private let settings: EngineSettings
    private let clock: @Sendable () -> Int64
    // Asked for every delivery; nothing is called while one of them is changed: see `Connection.outgoing`.
    @exclusivity(unchecked) private var answering: Deque<Connection> = []
    @exclusivity(unchecked) private var waiting: Deque<Connection> = []
    @exclusivity(unchecked) private var rooms: Deque<Room> = []
    /// Writes that the first of them has had since it came to the front.
    private var visitedOfFirst = 0
    /// Writes that are left to this turn.
    private var answersLeft: Int
    private var pushesLeft: Int
    /// Nanoseconds that are left to this turn.
    private var timeLeft: Int64
    /// Writes between two looks at the clock.
    private static let writesPerLook = 16
    private var isScheduled = false
    /// Whether the loop had something else to do since the next turn was scheduled, and how often the turn gave way to it.
    private var wasBusy = false
    private var gaveWay = 0
    /// For each encoding: what was joined last.
    let joined = PerEncoding(JoinedFrames(.json), JoinedFrames(.binary))

    /// - Parameter clock: In nanoseconds.
    init(eventLoop: any EventLoop, settings: EngineSettings, clock: @escaping @Sendable () -> Int64) {
        self.eventLoop = eventLoop
        self.settings = settings
        self.clock = clock
        self.answersLeft = max(1, settings.answersPerTurn)
        self.pushesLeft = max(1, settings.connectionsPerTurn)
        self.timeLeft = Self.time(of: settings)
    }

    private static func time(of settings: EngineSettings) -> Int64 { min(max(1, settings.turnMicroseconds), 1_000_000) * 1_000 }

    var isIdle: Bool { self.answering.isEmpty && self.waiting.isEmpty && self.rooms.isEmpty }

    /// The connection has an answer: it goes out before everything else.
    func add(answering connection: Connection) { self.answering.append(connection) }
    /// The connection has something that nobody waits for.
    func add(waiting connection: Connection) { self.waiting.append(connection) }

    /// The large room has something for its members.
    func add(_ room: Room) {
        guard !room.isWaiting else { return }
        room.isWaiting = true
        self.rooms.append(room)
    }

    /// Writes as much as is left of this turn; the rest in turns to come.
    func write() {
        self.wasBusy = true
        var looked = self.clock()
        // Where both wait, large rooms get a quarter, so that they are not starved.
        let reserved = self.rooms.isEmpty ? 0 : max(1, self.settings.connectionsPerTurn / 4)
        while self.timeLeft > 0, self.writeSome(reserved) {
            let now = self.clock()
            self.timeLeft -= max(0, now - looked)
            looked = now
        }
        self.joined.json.clear()
        self.joined.binary.clear()
        if !self.isIdle || self.answersLeft == 0 || self.pushesLeft == 0 || self.timeLeft <= 0 { self.schedule() }
    }

    /// Writes what comes next, as many as are written between two looks at the clock. False if the turn has nothing left to do.
    private func writeSome(_ reserved: Int) -> Bool {
        var left = Self.writesPerLook
        while left > 0, self.answersLeft > 0, let connection = self.answering.popFirst() {
            if connection.flush(isAnswering: true) { (left, self.answersLeft) = (left - 1, self.answersLeft - 1) }
        }
        while left > 0, self.pushesLeft > reserved, let connection = self.waiting.popFirst() {
            if connection.flush(isAnswering: false) { (left, self.pushesLeft) = (left - 1, self.pushesLeft - 1) }
        }
        while left > 0, self.pushesLeft > 0, let room = self.rooms.first {
            let visited = self.serve(room, atMost: min(left, self.pushesLeft))
            (left, self.pushesLeft) = (left - visited, self.pushesLeft - visited)
        }
        return left < Self.writesPerLook
    }

    /// Serves the first of the large rooms; it makes way for the next when it has had its number of writes. Returns how many it was.
    private func serve(_ room: Room, atMost most: Int) -> Int {
        var visited = 0
        if let lanes = room.lanes {
            visited = lanes.serve(atMost: min(most, max(1, self.settings.laneFrames) - self.visitedOfFirst)) { connection, due in
                connection.serve(due, of: room, from: lanes)
            }
            self.visitedOfFirst += visited
            if lanes.hasTurns, self.visitedOfFirst < max(1, self.settings.laneFrames) { return visited }
        }
        self.visitedOfFirst = 0
        self.rooms.removeFirst()
        if room.lanes?.hasTurns == true { self.rooms.append(room) } else { room.isWaiting = false }
        return visited
    }

    // MARK: Turns

    private func schedule() {
        guard !self.isScheduled else { return }
        self.isScheduled = true
        self.gaveWay = 0
        self.pause()
    }

    private func pause() {
        self.wasBusy = false
        self.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) { self.begin() }
    }

    /// The next turn, unless tasks have kept the loop from its sockets meanwhile: then it gives way once more.
    private func begin() {
        if self.wasBusy, self.gaveWay < 2 {
            self.gaveWay += 1
            return self.pause()
        }
        self.isScheduled = false
        self.answersLeft = max(1, self.settings.answersPerTurn)
        self.pushesLeft = max(1, self.settings.connectionsPerTurn)
        self.timeLeft = Self.time(of: self.settings)
        self.write()
    }
}

/// The last join of several broadcasts, for the next connection that waits for the very same ones: members of one group do.
final class JoinedFrames {
    private let encoding: WireEncoding
    private var parts: [Broadcast] = []
    private var joined = SharedFrames()

    init(_ encoding: WireEncoding) { self.encoding = encoding }

    /// The bytes of these broadcasts in one buffer.
    func join(_ outgoing: [Outgoing]) -> SharedFrames {
        if self.parts.count == outgoing.count {
            var same = true
            for (index, part) in outgoing.enumerated() {
                guard case .broadcast(let broadcast) = part, broadcast === self.parts[index] else {
                    same = false
                    break
                }
            }
            if same { return self.joined }
        }
        self.parts.removeAll(keepingCapacity: true)
        var size = 0
        for case .broadcast(let broadcast) in outgoing {
            self.parts.append(broadcast)
            size += broadcast.bytes
        }
        self.joined = SharedFrames()
        self.joined.frames.reserveCapacity(size)
        for part in self.parts { self.joined.add(part, in: self.encoding) }
        return self.joined
    }

    func clear() {
        guard !self.parts.isEmpty else { return }
        self.parts.removeAll(keepingCapacity: true)
        self.joined = SharedFrames()
    }
}

/// One of something for each encoding.
package struct PerEncoding<Value> {
    package var json: Value
    package var binary: Value

    package init(_ json: Value, _ binary: Value) {
        self.json = json
        self.binary = binary
    }

    package subscript(_ encoding: WireEncoding) -> Value {
        get {
            switch encoding {
            case .json: self.json
            case .binary: self.binary
            }
        }
        set {
            switch encoding {
            case .json: self.json = newValue
            case .binary: self.binary = newValue
            }
        }
    }
}

extension PerEncoding: Sendable where Value: Sendable {}
