import DequeModule
import ParleyDomain
import ParleyWire

/// Entries of one conversation as every member's connection gets them.
final class SimBroadcast {
    let entries: [Entry]
    let origins: [RequestOrigin]
    let conversation: ConversationID

    init(_ publication: Publication) {
        self.entries = publication.entries
        self.origins = publication.origins
        self.conversation = publication.conversation
    }

    var head: Int64 { self.entries.last?.sequence ?? 0 }
    func asked(by connection: UInt64) -> Bool { self.origins.contains { $0.connection == connection } }
}

/// What a turn of the shard means for one event loop, in order.
enum SimLoopEffect {
    case broadcast(SimBroadcast)
    case answer(RequestOrigin, Answer)
    case attached(RequestOrigin, UserID, [RoomSeat])
    case join(UserID, RoomSeat)
    case part(UserID, ConversationID)
    case bell(ConversationID, head: Int64)
    case position(UserID, ConversationID, read: Int64, delivered: Int64, except: RequestOrigin)
    case frame(RequestOrigin, ServerFrame)
}

/// A conversation as one event loop knows it.
final class SimRoom {
    let conversation: ConversationID
    var members: [SimConnection] = []
    var head: Int64
    var changed: UInt64 = 0

    init(conversation: ConversationID, head: Int64) {
        self.conversation = conversation
        self.head = head
    }
}

/// Mirrors the engine's `LoopDelivery`: rooms, seats, ticks, and writes of a few connections per turn.
///
/// The engine serves large rooms in lanes and answers before pushes. That changes when a connection is written to and what else
/// goes in the same write, not what it gets of a conversation and in which order, acks in their places included; so one queue
/// does here. That it does not change is what the engine's `LaneModelTests` hold.
final class SimLoop {
    let index: Int32
    unowned let server: SimServer
    private(set) var connections: [SimConnection] = []
    private var rooms: [ConversationID: SimRoom] = [:]
    private var dirty: Deque<SimConnection> = []
    private var flushScheduled = false
    private(set) var tick: UInt64 = 1
    private var tasks: Deque<[SimLoopEffect]> = []
    private var lastTask: Int64 = 0

    var world: SimWorld { self.server.world }

    init(index: Int32, server: SimServer) {
        self.index = index
        self.server = server
    }

    /// Puts a task into the loop's queue: it runs after those before it.
    func hand(_ effects: [SimLoopEffect]) {
        self.tasks.append(effects)
        self.lastTask = max(self.lastTask, self.world.now + self.world.draw(self.world.plan.hopMilliseconds))
        self.world.queue.push(.loopTask, at: self.lastTask, Int(self.index), self.server.incarnation)
    }

    func runTask() {
        guard let effects = self.tasks.popFirst() else { return }
        self.tick += 1
        for effect in effects { self.apply(effect) }
        self.flush()
    }

    private func connection(_ origin: RequestOrigin) -> SimConnection? { self.connections.first { $0.id == origin.connection } }

    private func live(_ user: UserID) -> [SimConnection] { self.connections.filter { $0.isLive && $0.user == user } }

    private func apply(_ effect: SimLoopEffect) {
        switch effect {
        case .broadcast(let broadcast): self.broadcast(broadcast)
        case .answer(let origin, let answer): self.connection(origin)?.answer(origin.request, answer)
        case .attached(let origin, let user, let seats): self.attached(origin, user, seats)
        case .join(let user, let seat):
            for connection in self.live(user) { self.enter(connection, seat) }
        case .part(let user, let conversation):
            for connection in self.live(user) { self.leave(connection, conversation) }
        case .bell(let conversation, let head):
            guard let room = self.rooms[conversation], room.head <= head else { return }
            room.head = head
            room.changed = self.tick
        case .position(let user, let conversation, let read, let delivered, let except):
            let connections = self.live(user)
            guard connections.count > 1 || except.loop != self.index else { return }
            let frame = self.world.codec.position(conversation, read, delivered)
            for connection in connections where connection.id != except.connection { connection.enqueue(frame) }
        case .frame(let origin, let frame): self.connection(origin)?.answer(frame)
        }
    }

    private func broadcast(_ broadcast: SimBroadcast) {
        if let room = self.rooms[broadcast.conversation] {
            room.head = max(room.head, broadcast.head)
            room.changed = self.tick
            for connection in room.members { connection.push(broadcast) }
        }
        for connection in self.connections where broadcast.asked(by: connection.id) {
            connection.acknowledged(broadcast, seated: connection.isSeated(in: broadcast.conversation))
        }
    }

    func end() {
        for connection in self.connections { _ = connection.takeSeats() }
        for room in self.rooms.values { room.members = [] }
        self.connections = []
        self.rooms = [:]
        self.dirty = []
    }

    // MARK: Connections

    func add(_ connection: SimConnection) {
        self.connections.append(connection)
        connection.greet()
    }

    private func attached(_ origin: RequestOrigin, _ user: UserID, _ seats: [RoomSeat]) {
        guard let connection = self.connection(origin), connection.becomeLive(origin.request) else {
            self.server.post(.detach(user))
            return
        }
        for seat in seats { self.enter(connection, seat) }
    }

    func remove(_ connection: SimConnection) {
        self.connections.removeAll { $0 === connection }
        guard connection.isLive else { return }
        for room in connection.takeSeats() { self.vacate(connection, room) }
        self.server.post(.detach(connection.user))
    }

    private func enter(_ connection: SimConnection, _ seat: RoomSeat) {
        guard !connection.isSeated(in: seat.conversation) else { return }
        let room = self.rooms[seat.conversation] ?? SimRoom(conversation: seat.conversation, head: seat.head)
        self.rooms[seat.conversation] = room
        connection.sit(room)
        room.members.append(connection)
    }

    private func leave(_ connection: SimConnection, _ conversation: ConversationID) {
        guard let room = connection.stand(from: conversation) else { return }
        self.vacate(connection, room)
    }

    private func vacate(_ connection: SimConnection, _ room: SimRoom) {
        room.members.removeAll { $0 === connection }
        if room.members.isEmpty { self.rooms[room.conversation] = nil }
    }

    // MARK: Writing

    func markDirty(_ connection: SimConnection) { self.dirty.append(connection) }

    func flush() {
        for _ in 0..<self.world.plan.connectionsPerTurn {
            guard let connection = self.dirty.popFirst() else { return }
            connection.flush()
        }
        guard !self.dirty.isEmpty, !self.flushScheduled else { return }
        self.flushScheduled = true
        self.world.push(.loopFlush, after: self.world.draw(0...3), Int(self.index), self.server.incarnation)
    }

    func runFlush() {
        self.flushScheduled = false
        self.flush()
    }

    /// Deadlines and heartbeats.
    func sweep() {
        for connection in self.connections { connection.sweep() }
        self.flush()
        self.world.push(.sweep, after: 500, Int(self.index), self.server.incarnation)
    }
}
