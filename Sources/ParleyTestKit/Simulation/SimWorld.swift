import ParleyClient
import ParleyDomain
import ParleyWire

/// One run: everything in one place, on one thread, moved by one queue of events and one generator.
final class SimWorld {
    let seed: UInt64
    let plan: SimPlan
    let bug: SimBug?
    /// Whether what is shown is compared with the log at once. Off, only the checks at the end are left to see a planted bug.
    let checksShown: Bool
    private var random: SimRandom
    var queue = SimQueue()
    var now: Int64 = 0
    var trace: SimTrace
    var codec: SimCodec
    let store = SimStore()
    var server: SimServer?
    var links: [SimLink] = []
    var clients: [SimClient] = []
    let users: [UserID]
    /// Conversations that some client made, in the order of their making.
    private(set) var made: [ConversationID] = []
    private(set) var failure: String?
    private(set) var refusals: [Int: Int] = [:]
    private var incarnations = 0
    private var connections: UInt64 = 0
    private var isHealed = false
    private var isDone = false
    private var slowDisk: Int64 = 0
    private var sent = 0

    init(seed: UInt64, bug: SimBug?, checksShown: Bool, kept: Int) {
        self.seed = seed
        self.bug = bug
        self.checksShown = checksShown
        var random = SimRandom(seed: seed)
        self.plan = SimPlan(seed: seed, random: &random)
        self.random = random
        self.trace = SimTrace(kept: kept)
        self.codec = SimCodec(wire: self.plan.wire)
        self.users = (1...self.plan.users).map { UserID(trusted: "u\($0)") }
        for (index, user) in self.users.enumerated() {
            self.store.state.users[user] = MemoryUser(number: Int64(index + 1), name: user.rawValue)
        }
        self.store.bug = bug
    }

    // MARK: The run

    /// Runs to the end; nil if every check held.
    func run() -> String? {
        self.startServer()
        for (index, user) in self.plan.devices.enumerated() {
            self.clients.append(SimClient(world: self, index: index, user: self.users[user]))
        }
        for (index, time) in self.plan.actions.enumerated() { self.queue.push(.action, at: time, index) }
        for (index, fault) in self.plan.faults.enumerated() { self.queue.push(.fault, at: fault.at, index) }
        self.queue.push(.heal, at: self.plan.horizon)
        while self.failure == nil, !self.isDone, let event = self.queue.pop() {
            self.now = event.time
            self.note(
                UInt64(event.kind.rawValue), Int64(event.first), Int64(event.second),
                "\(event.kind) \(event.first) \(event.second)")
            self.handle(event)
            if let fault = self.codec.fault { self.fail("the wire: \(fault)") }
        }
        if self.failure == nil { self.failure = SimChecks(self).firstFailure() }
        self.endServer()
        return self.failure
    }

    private func handle(_ event: SimQueue.Event) {
        switch event.kind {
        case .shardTurn: self.server(event.first)?.turn()
        case .commit: self.server(event.first)?.commit()
        case .complete: self.server(event.first)?.complete()
        case .positionsTick: self.server(event.first)?.tick()
        case .loopTask: self.server(event.second)?.loops[event.first].runTask()
        case .loopFlush: self.server(event.second)?.loops[event.first].runFlush()
        case .sweep: self.server(event.second)?.loops[event.first].sweep()
        case .readRun: self.server(event.second)?.run(read: event.first)
        case .down: self.deliver(down: self.links[event.first])
        case .up: self.deliver(up: self.links[event.first])
        case .connect: self.connected(self.links[event.first])
        case .clientHears: self.hears(client: self.links[event.first])
        case .serverHears: self.hears(server: self.links[event.first])
        case .clientWake: self.clients[event.first].wake()
        case .clientRestart: self.clients[event.first].restart()
        case .action: self.act()
        case .fault: self.fault(event.first, event.second)
        case .serverRestart: self.startServer()
        case .heal: self.heal()
        case .check: self.check()
        }
    }

    /// The server of this life; nil if it is over, and what it had planned with it.
    private func server(_ incarnation: Int) -> SimServer? { self.server?.incarnation == incarnation ? self.server : nil }

    func push(_ kind: SimEventKind, after delay: Int64, _ first: Int = 0, _ second: Int = 0) {
        self.queue.push(kind, at: self.now + delay, first, second)
    }

    @inline(__always)
    func note(_ kind: UInt64, _ first: Int64, _ second: Int64, _ text: @autoclosure () -> String) {
        self.trace.note(self.now, kind, first, second, text())
    }

    func fail(_ text: String) {
        if self.failure == nil { self.failure = "at \(self.now) ms: \(text)" }
    }

    // MARK: Chance

    func draw(_ range: ClosedRange<Int64>) -> Int64 { self.random.int64(range) }
    func draw(below bound: Int) -> Int { self.random.below(bound) }
    func jitter() -> UInt64 { self.random.next() }
    func losesPush() -> Bool { !self.isHealed && self.plan.lostPushes > 0 && self.random.chance(self.plan.lostPushes) }
    func sendsTwice() -> Bool { self.plan.sentTwice > 0 && self.random.chance(self.plan.sentTwice) }

    func makeConnectionID() -> UInt64 {
        self.connections += 1
        return self.connections
    }

    func commitTime() -> Int64 {
        defer { self.slowDisk = 0 }
        return self.draw(self.plan.commitMilliseconds) + self.slowDisk
    }

    // MARK: The server's lives

    private func startServer() {
        guard self.server == nil else { return }
        self.incarnations += 1
        self.store.reopen()
        let server = SimServer(world: self, incarnation: self.incarnations)
        self.server = server
        self.push(.positionsTick, after: self.plan.positionsMilliseconds, server.incarnation)
        for loop in server.loops { self.push(.sweep, after: 500, Int(loop.index), server.incarnation) }
    }

    private func crashServer(downFor: Int64) {
        guard self.server != nil else { return }
        self.endServer()
        for link in self.links where !(link.down.isDead && link.up.isDead) && link.clientOpen {
            self.cut(link, clientHears: self.random.chance(800), serverHears: true)
        }
        self.push(.serverRestart, after: downFor)
    }

    private func endServer() {
        for link in self.links { link.server = nil }
        self.server?.end()
        self.server = nil
    }

    // MARK: Faults

    private func fault(_ index: Int, _ incarnation: Int) {
        guard index >= 0 else {
            // The store closed itself: whoever runs the server starts it anew.
            if self.server?.incarnation == incarnation { self.crashServer(downFor: self.draw(0...300)) }
            return
        }
        self.note(0x90, Int64(index), 0, "fault: \(self.plan.faults[index].fault)")
        switch self.plan.faults[index].fault {
        case .append(let failure): self.store.nextFailure = failure
        case .reads(let count): self.store.failingReads = count
        case .serverCrash(let downFor): self.crashServer(downFor: downFor)
        case .clientCrash(let client, let downFor): self.clients[client].crash(downFor: downFor)
        case .cut(let client, let clientHears, let serverHears):
            if let link = self.clients[client].link, link.clientOpen {
                self.cut(link, clientHears: clientHears, serverHears: serverHears)
            }
        case .stall(let client, let lasts): self.clients[client].link?.down.stalledUntil = self.now + lasts
        case .slowDisk(let time): self.slowDisk = time
        }
    }

    /// Faults stop. Nobody is made to reconnect who has no cause to: what heals must heal by itself.
    private func heal() {
        self.isHealed = true
        self.store.nextFailure = nil
        self.store.failingReads = 0
        for link in self.links { link.down.stalledUntil = min(link.down.stalledUntil, self.now) }
        self.push(.check, after: 500)
    }

    /// Liveness: within 90 s of no faults, everybody has everything.
    private func check() {
        guard let lag = SimChecks(self).lag() else {
            self.isDone = true
            return
        }
        if self.now > self.plan.horizon + 90_000 { return self.fail("not healed in 90 s: \(lag)") }
        self.push(.check, after: 500)
    }

    // MARK: What people do

    func learn(_ conversation: ConversationID) {
        if !self.made.contains(conversation) { self.made.append(conversation) }
    }

    func count(refusal: ReceivedError) { self.refusals[refusal.code, default: 0] += 1 }

    private func act() {
        let client = self.clients[self.draw(below: self.clients.count)]
        guard !self.made.isEmpty, !(self.made.count < 2 && self.random.chance(300)) else { return self.create(client, .group) }
        // Mostly in what the client knows, sometimes where he may be no member.
        let known = client.core.knownConversations
        let all = known.isEmpty || self.random.chance(50) ? self.made : known
        let conversation = all[self.draw(below: all.count)]
        let other = self.users[self.draw(below: self.users.count)]
        let clientID = client.makeClientID()
        switch self.draw(below: 100) {
        case 0..<64: self.send(client, conversation, clientID)
        case 64..<76:
            let position = client.core.position(in: conversation)
            if position > 0 { client.read(conversation, upTo: self.draw(1...position), urgent: self.random.chance(300)) }
        case 76..<83: client.submit(.command(.add(conversation, clientID, users: [other])))
        case 83..<89: client.submit(.command(.remove(conversation, clientID, user: other)))
        case 89..<92: client.submit(.command(.leave(conversation, clientID)))
        case 92..<94: self.create(client, .direct)
        case 94..<96:
            let role: Role = self.random.chance(700) ? .administrator : .member
            client.submit(.command(.setRole(conversation, clientID, user: other, role)))
        default: client.repeatOne()
        }
    }

    private func send(_ client: SimClient, _ conversation: ConversationID, _ clientID: ClientID) {
        for _ in 0..<(self.random.chance(150) ? 3 : 1) {
            self.sent += 1
            let content = Array(#"{"type":"text","text":"\#(self.sent)"}"#.utf8)
            let name = ClientID(trusted: "\(client.makeClientID())")
            let position = client.core.position(in: conversation)
            let relatesTo = position > 0 && self.random.chance(100) ? self.draw(1...position) : 0
            client.submit(.command(.send(conversation, name, content: content, relatesTo: relatesTo)))
        }
    }

    private func create(_ client: SimClient, _ kind: ConversationKind) {
        let others = self.users.filter { $0 != client.user }
        let clientID = client.makeClientID()
        guard kind == .group else {
            let new = NewConversation(kind: .direct, title: "", memberCap: 2)
            return client.submit(.create(clientID, new, members: [others[self.draw(below: others.count)]]))
        }
        let members = others.filter { _ in self.random.chance(700) }
        let new = NewConversation(
            kind: .group, title: "t\(self.sent)", memberCap: self.random.chance(200) ? 4 : Int32(Limits.membersPerGroup),
            historyVisible: self.random.chance(500))
        client.submit(.create(clientID, new, members: members.isEmpty ? [others[0]] : members))
    }

    // MARK: What is shown

    /// An entry leaves the server for this user: it must be durable, at that place, and his to see.
    func shown(_ entry: Entry, to user: UserID, pushed: Bool) {
        guard self.checksShown else { return }
        if self.store.entry(entry.conversation, entry.sequence) != entry {
            self.fail("the server shows \(entry.conversation) \(entry.sequence) to \(user), which is not so in the log")
        }
        if pushed, !self.store.sees(user, entry.conversation, entry.sequence) {
            self.fail("the server shows \(entry.conversation) \(entry.sequence) to \(user), outside his intervals")
        }
    }
}
