import Logging
import NIOCore
import ParleyDomain
import ParleyWire

/// Everything that the connections of one event loop share. Confined to that loop: every call is made on it.
///
/// A turn of the shard reaches a loop as one task. The connections that it concerns are collected, and each gets one write, a few
/// hundred connections per turn of the loop, so that no turn is long and frames of several turns join in one write under load.
final class LoopDelivery {
    let index: Int32
    let eventLoop: any EventLoop
    let engine: Engine
    var encoder = FrameEncoder()
    var decoder = FrameDecoder()
    private(set) var connections: [UInt64: Connection] = [:]
    private var users: [UserID: [Connection]] = [:]
    private var rooms: [ConversationID: Room] = [:]
    private var dirty: [Connection] = []
    private var dirtyStart = 0
    private var flushScheduled = false
    /// Rises with every batch of effects; what changed after a connection's own tick is news to it.
    private(set) var tick: UInt64 = 1
    private var joined = JoinedFrames()
    private var endedSessions: [SessionID: Int64] = [:]

    init(index: Int32, eventLoop: any EventLoop, engine: Engine) {
        self.index = index
        self.eventLoop = eventLoop
        self.engine = engine
    }

    // MARK: Effects

    func apply(_ effects: [LoopEffect]) {
        self.tick += 1
        for effect in effects {
            switch effect {
            case .broadcast(let broadcast): self.broadcast(broadcast)
            case .answer(let origin, let answer): self.connections[origin.connection]?.answer(origin.request, answer)
            case .attached(let origin, let user, let seats): self.attached(origin, user, seats)
            case .join(let user, let seat):
                for connection in self.users[user] ?? [] { self.enter(connection, seat) }
            case .part(let user, let conversation):
                for connection in self.users[user] ?? [] { self.leave(connection, conversation) }
            case .bell(let conversation, let head):
                // Also where the head is known: who was seated just now may not have heard of it.
                guard let room = self.rooms[conversation], room.head <= head else { continue }
                room.head = head
                room.changed = self.tick
            case .position(let user, let conversation, let read, let delivered, let except):
                self.position(user, conversation, read, delivered, except)
            case .frames(let origin, let frames): self.connections[origin.connection]?.answer(frames)
            case .sessionEnded(let user, let session): self.sessionEnded(user, session)
            }
        }
        self.flush()
    }

    private func broadcast(_ broadcast: Broadcast) {
        // Connections that asked get acks also when they have no seat: a request may outlive a membership by a moment.
        if let room = self.rooms[broadcast.conversation] {
            room.head = max(room.head, broadcast.head)
            room.changed = self.tick
            for connection in room.members { connection.push(broadcast) }
        }
        for id in broadcast.originConnections {
            guard let connection = self.connections[id] else { continue }
            connection.acknowledged(broadcast, seated: connection.isSeated(in: broadcast.conversation))
        }
    }

    private func position(
        _ user: UserID, _ conversation: ConversationID, _ read: Int64, _ delivered: Int64, _ except: RequestOrigin
    ) {
        guard let connections = self.users[user], connections.count > 1 || except.loop != self.index else { return }
        var frame = ByteBuffer()
        self.encoder.position(conversation, read: read, delivered: delivered, into: &frame)
        for connection in connections where connection.id != except.connection { connection.enqueue(frame) }
    }

    private func sessionEnded(_ user: UserID, _ session: SessionID) {
        let now = self.engine.clock.steady()
        if self.endedSessions.count > 1_024 { self.endedSessions = self.endedSessions.filter { now - $0.value < 60_000 } }
        self.endedSessions[session] = now
        for connection in self.users[user] ?? [] where connection.session == session {
            connection.refuseAndClose(Refusal(.sessionEnded))
        }
    }

    // MARK: Connections

    func add(_ connection: Connection) { self.connections[connection.id] = connection }

    /// Whether a session ended while one of its connections was still on its way in.
    func hasEnded(_ session: SessionID) -> Bool { self.endedSessions[session] != nil }

    private func attached(_ origin: RequestOrigin, _ user: UserID, _ seats: [RoomSeat]) {
        guard let connection = self.connections[origin.connection], connection.becomeLive(origin.request) else {
            // Gone, or refused, while the shard looked its conversations up.
            self.engine.shard.post(CollectionOfOne(.detach(user)))
            return
        }
        self.users[user, default: []].append(connection)
        connection.reserveSeats(seats.count)
        for seat in seats { self.enter(connection, seat) }
    }

    func remove(_ connection: Connection) {
        self.connections[connection.id] = nil
        guard let user = connection.user, connection.isLive else { return }
        for seat in connection.takeSeats() { self.vacate(seat) }
        self.users[user]?.removeAll { $0 === connection }
        if self.users[user]?.isEmpty == true { self.users[user] = nil }
        self.engine.shard.post(CollectionOfOne(.detach(user)))
    }

    private func enter(_ connection: Connection, _ seat: RoomSeat) {
        guard !connection.isSeated(in: seat.conversation) else { return }
        let room: Room
        if let known = self.rooms[seat.conversation] {
            room = known
        } else {
            room = Room(conversation: seat.conversation, head: seat.head)
            self.rooms[seat.conversation] = room
        }
        connection.sit(Seat(room: room, index: room.members.count))
        room.members.append(connection)
    }

    private func leave(_ connection: Connection, _ conversation: ConversationID) {
        guard let seat = connection.stand(from: conversation) else { return }
        self.vacate(seat)
    }

    /// Fills the empty place with the last member, so that leaving costs the same in a room of any size.
    private func vacate(_ seat: Seat) {
        let room = seat.room
        guard let last = room.members.popLast() else { return }
        if seat.index < room.members.count {
            room.members[seat.index] = last
            last.moveSeat(in: room, to: seat.index)
        }
        if room.members.isEmpty { self.rooms[room.conversation] = nil }
    }

    // MARK: Writing

    func markDirty(_ connection: Connection) { self.dirty.append(connection) }

    /// Writes to the connections that have something, some now and the others in later turns of the loop.
    func flush() {
        let end = min(self.dirty.count, self.dirtyStart + self.engine.settings.connectionsPerTurn)
        while self.dirtyStart < end {
            self.dirty[self.dirtyStart].flush(&self.joined)
            self.dirtyStart += 1
        }
        self.joined.clear()
        guard self.dirtyStart < self.dirty.count else {
            self.dirty.removeAll(keepingCapacity: true)
            self.dirtyStart = 0
            return
        }
        guard !self.flushScheduled else { return }
        self.flushScheduled = true
        self.eventLoop.assumeIsolated().execute {
            self.flushScheduled = false
            self.flush()
        }
    }

    // MARK: Time

    /// Once a second: deadlines and heartbeats.
    func sweep() {
        let now = self.engine.clock.steady()
        for connection in self.connections.values { connection.sweep(at: now) }
        self.flush()
    }

    /// The server is going down: every connection is told, with a moment of its own to come back at, and what was asked is answered.
    func drain(_ promise: EventLoopPromise<Void>) {
        for connection in self.connections.values { connection.drain() }
        self.flush()
        self.finish(promise, looks: 300)
    }

    /// Looks every 10 ms whether an answer is still owed.
    private func finish(_ promise: EventLoopPromise<Void>, looks: Int) {
        let owes = !self.dirty.isEmpty || self.connections.values.contains { $0.owesAnswers }
        guard owes, looks > 0 else { return promise.succeed() }
        self.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(10)) { self.finish(promise, looks: looks - 1) }
    }
}

/// The last join of several broadcasts, for the next connection that waits for the very same ones: members of one group do.
struct JoinedFrames {
    private var parts: [Broadcast] = []
    private var buffer = ByteBuffer()

    /// The bytes of these broadcasts in one buffer.
    mutating func join(_ outgoing: [Outgoing]) -> ByteBuffer {
        if self.parts.count == outgoing.count {
            var same = true
            for (index, part) in outgoing.enumerated() {
                guard case .broadcast(let broadcast) = part, broadcast === self.parts[index] else {
                    same = false
                    break
                }
            }
            if same { return self.buffer }
        }
        self.parts.removeAll(keepingCapacity: true)
        var size = 0
        for case .broadcast(let broadcast) in outgoing {
            self.parts.append(broadcast)
            size += broadcast.frames.readableBytes
        }
        self.buffer = ByteBuffer()
        self.buffer.reserveCapacity(size)
        for part in self.parts { self.buffer.writeImmutableBuffer(part.frames) }
        return self.buffer
    }

    mutating func clear() {
        self.parts.removeAll(keepingCapacity: true)
        self.buffer = ByteBuffer()
    }
}
