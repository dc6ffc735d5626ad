import ParleyDomain
import ParleyWire

/// Mirrors the engine's `Connection`: acks in the places of events, nothing pushed to who does not read, heads in heartbeats.
final class SimConnection {
    private enum State { case waiting, entering, live, closed }

    private enum Outgoing {
        case broadcast(SimBroadcast)
        case frame(ServerFrame)
    }

    let id: UInt64
    unowned let loop: SimLoop
    private let link: SimLink
    private(set) var user = UserID(trusted: "")
    private var state = State.waiting
    private var seats: [SimRoom] = []
    private var outgoing: [Outgoing] = []
    private var isDirty = false
    private var isBehind = false
    private var behindSince: Int64 = 0
    private var seenTick: UInt64
    private var nextHeartbeat: Int64

    private var world: SimWorld { self.loop.world }

    init(id: UInt64, loop: SimLoop, link: SimLink) {
        self.id = id
        self.loop = loop
        self.link = link
        self.seenTick = loop.tick
        self.nextHeartbeat = loop.world.now + loop.world.plan.heartbeat - Int64(id % 64) * (loop.world.plan.heartbeat / 128)
    }

    var isLive: Bool { self.state == .live }

    func greet() {
        self.link.server = self
        self.write(self.world.codec.hello(epoch: self.world.store.epoch, heartbeat: self.world.plan.heartbeat))
    }

    // MARK: In

    func received(_ request: ClientRequest) {
        switch self.state {
        case .closed: return
        case .entering: self.enqueueNow(self.world.codec.error(request.id, Refusal(.alreadyAuthenticated)))
        case .waiting:
            guard case .auth(.token(let token)) = request.frame else {
                return self.refuseAndClose(Refusal(.notAuthenticated), request.id)
            }
            self.state = .entering
            self.user = UserID(trusted: token)
            self.loop.server.post(.attach(self.origin(request), self.user))
        case .live: self.handle(request)
        }
    }

    private func origin(_ request: ClientRequest) -> RequestOrigin {
        RequestOrigin(loop: self.loop.index, connection: self.id, request: request.id)
    }

    private func handle(_ request: ClientRequest) {
        let server = self.loop.server
        let origin = self.origin(request)
        switch request.frame {
        case .auth: self.enqueueNow(self.world.codec.error(request.id, Refusal(.alreadyAuthenticated)))
        case .command(let command): server.post(.submit(Submission(origin: origin, user: self.user, command: command)))
        case .create(let clientID, let new, let members):
            let id = Self.name(of: new, by: self.user, clientID, members)
            server.post(
                .submit(Submission(origin: origin, user: self.user, command: .create(id, clientID, new, members: members))))
        case .read(let conversation, let read, let delivered):
            server.post(.advance(origin, self.user, conversation, read: read, delivered: delivered))
        case .history(let conversation, let range, let limit):
            server.read(SimRead(origin: origin, user: self.user, request: .history(conversation, range, limit: limit)))
        case .sync(let sync): server.read(SimRead(origin: origin, user: self.user, request: .sync(sync)))
        // What the simulated clients do not ask.
        default: return
        }
    }

    /// As the engine: a repeat finds the same conversation.
    static func name(of new: NewConversation, by user: UserID, _ clientID: ClientID, _ members: [UserID]) -> ConversationID {
        switch new.kind {
        case .group: ConversationID(trusted: "g.\(user).\(clientID)")
        case .direct: ConversationID(trusted: "d." + ([user] + members).sorted().map(\.rawValue).joined(separator: "."))
        }
    }

    func becomeLive(_ request: Int64) -> Bool {
        guard self.state == .entering else { return false }
        self.state = .live
        self.seenTick = self.loop.tick
        self.enqueue(self.world.codec.ready(request, self.user, self.id))
        return true
    }

    // MARK: Seats

    func sit(_ room: SimRoom) { self.seats.append(room) }
    func isSeated(in conversation: ConversationID) -> Bool { self.seats.contains { $0.conversation == conversation } }

    func stand(from conversation: ConversationID) -> SimRoom? {
        guard let index = self.seats.firstIndex(where: { $0.conversation == conversation }) else { return nil }
        return self.seats.remove(at: index)
    }

    func takeSeats() -> [SimRoom] {
        defer { self.seats = [] }
        return self.seats
    }

    // MARK: Out

    func push(_ broadcast: SimBroadcast) {
        guard !self.isBehind else { return }
        // A push may be lost, an ack may not: who asked is spared.
        if self.world.losesPush(), !broadcast.asked(by: self.id) { return }
        self.append(.broadcast(broadcast))
    }

    func acknowledged(_ broadcast: SimBroadcast, seated: Bool) {
        guard !seated || self.isBehind else { return }
        for frame in self.acks(of: broadcast) { self.append(.frame(frame)) }
    }

    func answer(_ request: Int64, _ answer: Answer) {
        if case .refused(let refusal) = answer, refusal.code.closes { return self.refuseAndClose(refusal, request) }
        if case .ack(let entry) = answer { self.world.shown(entry, to: self.user, pushed: false) }
        self.append(.frame(self.world.codec.answer(request, answer)))
    }

    func answer(_ frame: ServerFrame) { self.append(.frame(frame)) }

    /// A frame that nobody asked for and that may be lost.
    func enqueue(_ frame: ServerFrame) {
        if !self.isBehind { self.append(.frame(frame)) }
    }

    private func enqueueNow(_ frame: ServerFrame) {
        self.append(.frame(frame))
        self.loop.flush()
    }

    private func append(_ part: Outgoing) {
        if self.state == .closed { return }
        self.outgoing.append(part)
        guard !self.isDirty else { return }
        self.isDirty = true
        self.loop.markDirty(self)
    }

    func flush() {
        self.isDirty = false
        guard !self.outgoing.isEmpty else { return }
        defer { self.outgoing.removeAll(keepingCapacity: true) }
        if self.state == .closed { return }
        if !self.world.isWritable(self.link) { self.fallBehind() }
        for part in self.outgoing {
            switch part {
            case .frame(let frame): self.write(frame)
            case .broadcast(let broadcast):
                if self.isBehind {
                    for frame in self.acks(of: broadcast) { self.write(frame) }
                } else {
                    self.writeMixed(broadcast)
                }
            }
        }
    }

    private func writeMixed(_ broadcast: SimBroadcast) {
        for (index, entry) in broadcast.entries.enumerated() {
            if broadcast.origins[index].connection == self.id {
                self.write(self.ack(broadcast, index))
            } else {
                self.world.shown(entry, to: self.user, pushed: true)
                self.write(self.world.codec.event(entry))
            }
        }
    }

    private func acks(of broadcast: SimBroadcast) -> [ServerFrame] {
        broadcast.entries.indices.compactMap { broadcast.origins[$0].connection == self.id ? self.ack(broadcast, $0) : nil }
    }

    private func ack(_ broadcast: SimBroadcast, _ index: Int) -> ServerFrame {
        self.world.shown(broadcast.entries[index], to: self.user, pushed: false)
        return self.world.codec.ack(broadcast.origins[index].request, broadcast.entries[index])
    }

    private func write(_ frame: ServerFrame) { self.world.send(down: frame, on: self.link) }

    // MARK: Slow readers

    private func fallBehind() {
        guard !self.isBehind else { return }
        self.isBehind = true
        self.behindSince = self.world.now
        self.link.upPaused = true
        self.link.awaitsRoom = true
    }

    func becameWritable() {
        guard self.isBehind, self.state != .closed else { return }
        self.isBehind = false
        self.world.resume(up: self.link)
        self.enqueueNow(self.world.codec.behind(self.news()))
    }

    private func news() -> [(ConversationID, Int64)] {
        defer { self.seenTick = self.loop.tick }
        return self.seats.compactMap { $0.changed > self.seenTick ? ($0.conversation, $0.head) : nil }
    }

    // MARK: Time and ends

    func sweep() {
        guard self.state == .live else { return }
        // The gateway cuts who takes no byte for 30 s; here the times are shorter.
        if self.isBehind, self.world.now >= self.behindSince + 3 * self.world.plan.heartbeat { return self.close() }
        guard self.world.now >= self.nextHeartbeat else { return }
        self.nextHeartbeat = self.world.now + self.world.plan.heartbeat
        guard !self.isBehind else { return }
        let heads = self.news()
        let frame = self.world.codec.heartbeat(self.world.now, self.world.bug == .noHeads ? [] : heads)
        if self.world.plan.heartbeatsFirst { self.write(frame) } else { self.append(.frame(frame)) }
    }

    private func refuseAndClose(_ refusal: Refusal, _ request: Int64) {
        self.append(.frame(self.world.codec.error(request, refusal)))
        self.loop.flush()
        self.close()
    }

    private func close() {
        self.world.send(down: nil, on: self.link)
        self.link.server = nil
        self.finish()
    }

    func disconnected() { self.finish() }

    private func finish() {
        if self.state == .closed { return }
        self.loop.remove(self)
        self.state = .closed
        self.outgoing = []
    }
}
