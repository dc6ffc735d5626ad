import Logging
import NIOCore
import ParleyDomain
import ParleyWire

/// Everything that the connections of one event loop share. Confined to that loop: every call is made on it.
///
/// A turn of the shard reaches a loop as one task. The connections that it concerns are collected, and each gets one write, a few
/// hundred connections per turn of the loop (`LoopTurns`), so that no turn is long and frames of several turns join in one write
/// under load. A large room is served in lanes (`Lanes`), behind answers and small rooms.
final class LoopDelivery {
    let index: Int32
    let eventLoop: any EventLoop
    let engine: Engine
    var encoder = FrameEncoder()
    var decoder = FrameDecoder()
    var binary = BinaryEncoder()
    private(set) var connections: [UInt64: Connection] = [:]
    private(set) var users: [UserID: [Connection]] = [:]
    private(set) var rooms: [ConversationID: Room] = [:]
    /// What is written when.
    let turns: LoopTurns
    /// Rooms whose quiet members were not told of the newest head yet.
    private var owingHeads: [Room] = []
    private var nextHeads: Int64 = 0
    /// Connections that the sweep which is under way has yet to look at.
    private var toSweep: [Connection] = []
    private static let sweptPerTurn = 512
    /// Connections told in one turn that the server goes down: a frame is made for each.
    private static let drainedPerTurn = 128
    /// Rises with every batch of effects; what changed after a connection's own tick is news to it.
    private(set) var tick: UInt64 = 1
    private var endedSessions: [SessionID: Int64] = [:]
    var signals = Signals()
    var compat = CompatSessions()
    /// What operators see of this loop. Nothing is called while it is changed, so the check for overlapping accesses, which costs
    /// more than the addition, is left out.
    @exclusivity(unchecked) var counts = LoopCounts()
    /// What users may ask for over HTTP: a bucket for each who did lately; all of a user's requests come to one loop.
    private var exchangeBuckets: [UserID: RateBucket] = [:]

    init(index: Int32, eventLoop: any EventLoop, engine: Engine) {
        self.index = index
        self.eventLoop = eventLoop
        self.engine = engine
        self.turns = LoopTurns(eventLoop: eventLoop, settings: engine.settings, clock: engine.clock.fine)
    }

    // MARK: Effects

    func apply(_ effects: [LoopEffect]) {
        self.tick += 1
        for effect in effects {
            switch effect {
            case .broadcast(let broadcast): self.broadcast(broadcast)
            case .answer(let origin, let answer): self.answer(origin, answer)
            case .attached(let origin, let user, let seats): self.attached(origin, user, seats)
            case .join(let user, let seat):
                for connection in self.users[user] ?? [] { self.enter(connection, seat) }
            case .part(let user, let conversation, let ending):
                for connection in self.users[user] ?? [] { self.part(connection, conversation, ending) }
                self.checkWatches(of: user)
            case .told(let user, let conversation, let head):
                for connection in self.users[user] ?? [] { connection.tell([(conversation, head)]) }
            case .apart(let user): self.checkWatches(of: user)
            case .bell(let conversation, let head):
                // Also where the head is known: who was seated just now may not have heard of it.
                guard let room = self.rooms[conversation], room.head <= head else { continue }
                room.head = head
                room.changed = self.tick
                self.owe(room)
            case .position(let user, let conversation, let read, let delivered, let except):
                self.position(user, conversation, read, delivered, except)
            case .frames(let origin, let frames): self.connections[origin.connection]?.answer(frames)
            case .watch(let origin, let users):
                if let connection = self.connections[origin.connection] { self.watch(users, by: connection) }
            case .unwatch(let origin, let users):
                if let connection = self.connections[origin.connection] {
                    self.watch(connection.watched.filter { !users.contains($0) }, by: connection)
                }
            case .receipts(let user, let frames):
                for connection in self.users[user] ?? [] where !connection.isBehind {
                    self.counts.receiptFrames += 1
                    self.counts.receiptBytes += frames.readableBytes
                    connection.enqueue(frames)
                }
            case .typing(let user, let conversation): self.typing(user, in: conversation)
            case .presence(let user, let online): self.presence(user, online: online)
            case .gone(let user, let conversations, let connection):
                self.compat.went(user, conversations, connection: connection)
            case .hidden(let user): self.hidden(user)
            case .sessionEnded(let user, let session): self.sessionEnded(user, session)
            }
        }
        self.turns.write()
    }

    private func broadcast(_ broadcast: Broadcast) {
        // Connections that asked get acks also when they have no seat: a request may outlive a membership by a moment.
        if let room = self.rooms[broadcast.conversation] {
            room.head = max(room.head, broadcast.head)
            room.changed = self.tick
            if let lanes = room.lanes {
                lanes.append(broadcast, keeping: self.engine.settings.pendingBytesPerRoom)
                self.turns.add(room)
            } else {
                for connection in room.members { connection.push(broadcast) }
            }
            self.owe(room)
        }
        for id in broadcast.originConnections {
            guard let connection = self.connections[id] else { continue }
            // Its ack stands in the event's place, and does not wait for the turn of a lane: what comes before it goes out first.
            connection.acknowledged(broadcast, seated: self.give(connection, broadcast.conversation))
        }
    }

    /// Gives a connection what it is owed of a conversation, before its lane's turn. Whether it has now all that was broadcast
    /// there.
    @discardableResult
    private func give(_ connection: Connection, _ conversation: ConversationID) -> Bool {
        guard let seat = connection.seat(in: conversation), !seat.isQuiet else { return false }
        guard let lanes = seat.room.lanes else { return true }
        return connection.take(lanes.take(Int(seat.index), of: Int(seat.lane)), of: seat.room, from: lanes, isUrgent: true)
    }

    private func answer(_ origin: RequestOrigin, _ answer: Answer) {
        guard let connection = self.connections[origin.connection] else { return }
        switch answer {
        // These stand in a place of the conversation's order, which may be one that a lane has not come to yet.
        case .ack(let entry): self.give(connection, entry.conversation)
        case .created(let conversation, _), .exists(let conversation, _): self.give(connection, conversation)
        case .ok, .refused: break
        }
        connection.answer(origin.request, answer)
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

    func add(_ connection: Connection) {
        self.connections[connection.id] = connection
        if !connection.isExchange { self.counts.open[connection.encoding] += 1 }
    }

    /// How long a user must wait before his next request over HTTP, in milliseconds; nil if he need not (R114).
    func exchangeWait(of user: UserID) -> Int64? {
        let settings = self.engine.settings
        let now = self.engine.clock.steady()
        return self.exchangeBuckets[
            user, default: RateBucket(perSecond: settings.framesPerSecond, burst: settings.frameBurst, at: now)
        ].take(at: now)
    }

    /// Whether a session ended while one of its connections was still on its way in.
    func hasEnded(_ session: SessionID) -> Bool { self.endedSessions[session] != nil }

    private func attached(_ origin: RequestOrigin, _ user: UserID, _ seats: [RoomSeat]) {
        guard let connection = self.connections[origin.connection], connection.becomeLive(origin.request) else {
            // Gone, or refused, while the shard looked its conversations up.
            self.engine.shard.post(CollectionOfOne(.detach(user, connection: "")))
            return
        }
        self.counts.live[connection.encoding] += 1
        self.users[user, default: []].append(connection)
        connection.reserveSeats(seats.count)
        for seat in seats { self.enter(connection, seat) }
    }

    func remove(_ connection: Connection) {
        self.connections[connection.id] = nil
        guard !connection.isExchange else { return }
        self.counts.open[connection.encoding] -= 1
        if connection.isBehind { self.counts.behind -= 1 }
        guard let user = connection.user, connection.isLive else { return }
        self.counts.live[connection.encoding] -= 1
        self.signals.forget(connection.id, watching: connection.watched)
        for seat in connection.takeSeats() { self.vacate(seat) }
        self.users[user]?.removeAll { $0 === connection }
        if self.users[user]?.isEmpty == true { self.users[user] = nil }
        self.engine.shard.post(CollectionOfOne(.detach(user, connection: connection.name)))
    }

    private func enter(_ connection: Connection, _ seat: RoomSeat) {
        guard connection.seat(in: seat.conversation) == nil else { return }
        let room: Room
        if let known = self.rooms[seat.conversation] {
            room = known
        } else {
            room = Room(conversation: seat.conversation, head: seat.head)
            self.rooms[seat.conversation] = room
        }
        let lane = Room.lane(slot: seat.slot, connection: connection.id)
        connection.sit(Seat(room: room, index: room.add(connection, lane: lane), lane: lane))
        if seat.visibleFrom > 1 { connection.firstVisible[seat.conversation] = seat.visibleFrom }
        self.settle(room)
    }

    /// What was said before he went is his, also where it waits in a lane, or is not pushed to him; nothing after it is.
    private func part(_ connection: Connection, _ conversation: ConversationID, _ ending: Broadcast?) {
        self.give(connection, conversation)
        guard let seat = connection.stand(from: conversation) else { return }
        connection.parted(from: seat, ending)
        self.vacate(seat)
    }

    private func vacate(_ seat: Seat) {
        seat.room.remove(seat)
        self.settle(seat.room)
    }

    /// Makes a room large or small by the number of those it pushes to, and forgets an empty one. It becomes small at half of the
    /// number that made it large, so that a member who comes and goes does not turn it over each time.
    private func settle(_ room: Room) {
        let seats = self.engine.settings.laneSeats
        if room.isEmpty {
            self.rooms[room.conversation] = nil
        } else if room.lanes == nil, room.liveCount > seats {
            room.split()
        } else if room.lanes != nil, room.liveCount <= seats / 2 {
            room.merge()
        }
    }

    // MARK: Quiet seats

    /// Whether a connection is pushed a conversation's entries from here on, or told of its head at times (R36). False if it has
    /// no seat there. A seat is pushed to until this is asked; a member who was away and comes back is pushed to again.
    func follow(_ connection: Connection, _ conversation: ConversationID, push: Bool) -> Bool {
        guard let seat = connection.seat(in: conversation) else { return false }
        guard seat.isQuiet == push else { return true }
        let room = seat.room
        if push {
            room.remove(seat)
            connection.changeSeat(in: room, isQuiet: false, index: room.add(connection, lane: Int(seat.lane)))
            // What it was not pushed it pulls; pushes go on from here.
            connection.tell([(conversation, room.head)])
        } else {
            self.give(connection, conversation)
            room.remove(seat)
            connection.changeSeat(in: room, isQuiet: true, index: room.addQuiet(connection))
        }
        self.settle(room)
        self.turns.write()
        return true
    }

    private func owe(_ room: Room) {
        guard !room.quiet.isEmpty, !room.owesHeads else { return }
        room.owesHeads = true
        self.owingHeads.append(room)
    }

    /// Tells the quiet of heads that moved: one frame each, however many entries and conversations it stands for.
    private func tellQuiet(at now: Int64) {
        guard now >= self.nextHeads else { return }
        self.nextHeads = now + self.engine.settings.headsMilliseconds
        for room in self.owingHeads {
            room.owesHeads = false
            for connection in room.quiet { connection.note(room.conversation, head: room.head) }
        }
        self.owingHeads.removeAll(keepingCapacity: true)
    }

    // MARK: Time

    /// Once a second: deadlines, heartbeats, and heads for the quiet.
    func sweep() {
        let now = self.engine.clock.steady()
        // A sweep that is not through yet goes on by itself.
        if self.toSweep.isEmpty {
            self.toSweep = Array(self.connections.values)
            self.sweepSome()
        }
        self.exchangeBuckets = self.exchangeBuckets.filter { !$0.value.isFull(at: now) }
        self.tellQuiet(at: now)
        self.tellSignals()
        self.tellGone()
        self.turns.write()
    }

    /// Some connections in this turn of the loop, the rest in those that follow: ten thousand would hold everybody up.
    private func sweepSome() {
        let now = self.engine.clock.steady()
        for connection in self.toSweep.suffix(Self.sweptPerTurn) { connection.sweep(at: now) }
        self.toSweep.removeLast(min(Self.sweptPerTurn, self.toSweep.count))
        guard !self.toSweep.isEmpty else { return }
        self.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(1)) {
            self.sweepSome()
            self.turns.write()
        }
    }

    /// The server is going down: every connection is told, with a moment of its own to come back at, and what was asked is
    /// answered.
    func drain(_ promise: EventLoopPromise<Void>) {
        self.drainSome(Array(self.connections.values)[...], promise)
    }

    private func drainSome(_ left: ArraySlice<Connection>, _ promise: EventLoopPromise<Void>) {
        for connection in left.prefix(Self.drainedPerTurn) { connection.drain() }
        self.turns.write()
        let rest = left.dropFirst(Self.drainedPerTurn)
        guard !rest.isEmpty else { return self.finish(promise, looks: 300) }
        self.eventLoop.assumeIsolated().scheduleTask(in: LoopTurns.pause) { self.drainSome(rest, promise) }
    }

    /// Looks every 10 ms whether an answer is still owed.
    private func finish(_ promise: EventLoopPromise<Void>, looks: Int) {
        let owes = !self.turns.isIdle || self.connections.values.contains { $0.owesAnswers }
        guard owes, looks > 0 else { return promise.succeed() }
        self.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(10)) { self.finish(promise, looks: looks - 1) }
    }
}
