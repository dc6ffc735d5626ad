import ParleyClient
import ParleyDomain
import ParleyWire

/// One device: the real client core, what its application was shown, and what it asked for.
final class SimClient {
    unowned let world: SimWorld
    let index: Int
    let user: UserID
    var core: ClientCore
    var link: SimLink?
    /// By conversation: the sequences accepted, in order.
    var accepted: [ConversationID: [Int64]] = [:]
    /// What the application asked for, and what became of it.
    var asked: [ClientID: OutboxItem] = [:]
    var settled: [(clientID: ClientID, receipt: Receipt)] = []
    var receipts: [ClientID: Receipt] = [:]
    /// The highest sequence acked per conversation: later commands come later in the log.
    private var lastSettled: [ConversationID: Int64] = [:]
    private var order: [ClientID: Int] = [:]
    private var lastSettledOrder: [ConversationID: Int] = [:]
    private var reads: [ConversationID: Int64] = [:]
    private var tries: [ClientID: Int] = [:]
    private var nextName = 0
    private var scheduled = Int64.max
    var isDown = false

    init(world: SimWorld, index: Int, user: UserID) {
        self.world = world
        self.index = index
        self.user = user
        self.core = Self.core(user, world.plan, from: ClientSnapshot())
        self.schedule()
    }

    private static func core(_ user: UserID, _ plan: SimPlan, from snapshot: ClientSnapshot) -> ClientCore {
        var settings = ClientSettings()
        settings.pauseMilliseconds = 100
        settings.pauseMillisecondsMax = 2_000
        settings.connectMilliseconds = 2_000
        settings.requestMilliseconds = plan.requestMilliseconds
        settings.pageEntries = plan.clientPage
        settings.messagesPerReport = plan.messagesPerReport
        settings.reportMilliseconds = 400
        // The simulated server takes the user's name for a token.
        return ClientCore(user: user, credential: .token(user.rawValue), settings: settings, from: snapshot)
    }

    private func schedule() {
        guard !self.isDown, self.core.wake < self.scheduled else { return }
        self.scheduled = max(self.core.wake, self.world.now)
        self.world.queue.push(.clientWake, at: self.scheduled, self.index)
    }

    // MARK: Events

    func wake() {
        guard !self.isDown, self.scheduled <= self.world.now else { return }
        self.scheduled = .max
        for action in self.core.tick(at: self.world.now, jitter: self.world.jitter()) {
            switch action {
            case .connect(let number): self.world.open(client: self.index, number: number)
            case .send(let request): self.send(request)
            case .close: self.drop()
            }
        }
        self.schedule()
    }

    func opened(_ link: SimLink) {
        self.core.opened(link.number, at: self.world.now)
        self.schedule()
    }

    func closed(_ link: SimLink) {
        guard self.link === link else { return }
        self.core.closed(link.number, at: self.world.now, jitter: self.world.jitter())
        self.schedule()
    }

    private func drop() {
        if let link = self.link { self.world.close(fromClient: link) }
        self.link = nil
    }

    func received(_ frame: ServerFrame, on link: SimLink) {
        guard self.link === link, link.clientOpen, !self.isDown else { return }
        self.look(at: frame)
        let frame = self.world.bug == .dedupeOff ? Self.named(back: frame) : frame
        for action in self.core.received(frame, on: link.number, at: self.world.now, jitter: self.world.jitter()) {
            switch action {
            case .send(let request): self.send(request)
            case .accept(let conversation, let entry):
                self.accept(conversation, entry)
            case .settled(let clientID, let receipt): self.settle(clientID, receipt)
            case .created(let clientID, let conversation): self.made(clientID, conversation)
            case .unchanged: break
            case .refused(_, let error): self.world.count(refusal: error)
            case .ended: break
            case .startOver, .loggedOut: self.world.fail("\(self.name): unexpected \(action)")
            case .close: self.drop()
            }
        }
        self.schedule()
    }

    private var name: String { "client \(self.index) (\(self.user))" }

    private func send(_ request: ClientRequest) {
        guard let link = self.link else { return }
        let request = self.world.bug == .dedupeOff ? self.renamed(request) : request
        self.world.send(up: request, on: link)
        if case .auth = request.frame { return }
        if self.world.sendsTwice() { self.world.send(up: request, on: link) }
    }

    // MARK: What the application does

    func submit(_ item: OutboxItem) {
        guard !self.isDown else { return }
        self.asked[item.clientID] = item
        self.order[item.clientID] = self.order.count
        for request in self.core.submit(item, at: self.world.now) { self.send(request) }
        self.schedule()
    }

    /// Asks again for something that is settled: the same ack must come back.
    func repeatOne() {
        guard !self.isDown, !self.settled.isEmpty else { return }
        let clientID = self.settled[self.world.draw(below: self.settled.count)].clientID
        guard let item = self.asked[clientID] else { return }
        for request in self.core.submit(item, at: self.world.now) { self.send(request) }
        self.schedule()
    }

    func read(_ conversation: ConversationID, upTo sequence: Int64, urgent: Bool) {
        guard !self.isDown else { return }
        for request in self.core.read(conversation, upTo: sequence, urgent: urgent, at: self.world.now) { self.send(request) }
        self.schedule()
    }

    func makeClientID() -> ClientID {
        self.nextName += 1
        return ClientID(trusted: "c\(self.index)-\(self.nextName)")
    }

    // MARK: Faults

    /// The process ends. What was kept with the entries comes back.
    func crash(downFor: Int64) {
        guard !self.isDown else { return }
        self.drop()
        self.isDown = true
        self.world.push(.clientRestart, after: downFor, self.index)
    }

    func restart() {
        guard self.isDown else { return }
        self.core = Self.core(self.user, self.world.plan, from: self.core.snapshot)
        self.isDown = false
        self.scheduled = .max
        self.schedule()
    }

    // MARK: What the application sees

    private func accept(_ conversation: ConversationID, _ entry: ReceivedEntry) {
        self.world.note(0x80, Int64(self.index), entry.sequence, "\(self.name) accepts \(conversation) \(entry.sequence)")
        guard let durable = self.world.store.entry(conversation, entry.sequence), Self.same(durable, entry) else {
            return self.world.fail("\(self.name) was shown \(conversation) \(entry.sequence), which is not so in the log")
        }
        if !self.world.store.sees(self.user, conversation, entry.sequence) {
            self.world.fail("\(self.name) was shown \(conversation) \(entry.sequence), outside his intervals")
        }
        let last = self.accepted[conversation]?.last ?? 0
        if entry.sequence <= last { self.world.fail("\(self.name) was shown \(conversation) \(entry.sequence) after \(last)") }
        self.accepted[conversation, default: []].append(entry.sequence)
    }

    private static func same(_ durable: Entry, _ entry: ReceivedEntry) -> Bool {
        durable.sequence == entry.sequence && durable.clientID == entry.clientID && durable.sender == entry.sender
            && durable.kind == entry.kind && durable.time == entry.time && durable.relatesTo == entry.relatesTo
            && durable.content == entry.content
    }

    private func settle(_ clientID: ClientID, _ receipt: Receipt) {
        self.world.note(
            0x81, Int64(self.index), receipt.sequence,
            "\(self.name) settles \(clientID) at \(receipt.conversation) \(receipt.sequence)")
        self.settled.append((clientID, receipt))
        if let first = self.receipts[clientID] {
            if first != receipt { self.world.fail("\(self.name) got two acks for \(clientID): \(first), \(receipt)") }
            return
        }
        self.receipts[clientID] = receipt
        let order = self.order[clientID] ?? 0
        if order > self.lastSettledOrder[receipt.conversation] ?? -1 {
            if receipt.sequence <= self.lastSettled[receipt.conversation] ?? 0 {
                self.world.fail("\(self.name): \(clientID) was sent later and stands earlier, at \(receipt.sequence)")
            }
            self.lastSettledOrder[receipt.conversation] = order
            self.lastSettled[receipt.conversation] = receipt.sequence
        }
    }

    private func made(_ clientID: ClientID, _ conversation: ConversationID) {
        self.world.note(0x82, Int64(self.index), 0, "\(self.name) created \(conversation)")
        self.world.learn(conversation)
        if self.world.store.log(conversation) == nil {
            self.world.fail("\(self.name) created \(conversation), which is not stored")
        }
    }

    /// Looks at frames before the core does: what the server says must never go back.
    private func look(at frame: ServerFrame) {
        switch frame {
        case .synced(_, let reply):
            // With requests made again so soon that answers cross, an older one may come later; the core does not look at it.
            guard self.world.plan.requestMilliseconds >= 1_000 else { return }
            for summary in reply.conversations where summary.isMember {
                if summary.read < self.reads[summary.conversation] ?? 0 {
                    self.world.fail("\(self.name): the read position in \(summary.conversation) went back to \(summary.read)")
                }
                self.reads[summary.conversation] = summary.read
            }
        case .event(let conversation, let entry):
            guard self.world.bug == .duplicatesShown, entry.sequence <= self.core.position(in: conversation) else { return }
            self.accept(conversation, entry)
        default: return
        }
    }

    /// The planted bug would not get far if its client did not know its own names.
    private static func named(back frame: ServerFrame) -> ServerFrame {
        guard case .ack(let id, var receipt) = frame else { return frame }
        let parts = receipt.clientID.rawValue.split(separator: "-")
        receipt.clientID = ClientID(trusted: parts.prefix(2).joined(separator: "-"))
        return .ack(id: id, receipt)
    }

    /// The planted bug: every try under another name.
    private func renamed(_ request: ClientRequest) -> ClientRequest {
        guard case .command(var command) = request.frame, case .send = command.action else { return request }
        let tries = self.tries[command.clientID, default: 0]
        self.tries[command.clientID] = tries + 1
        guard tries > 0 else { return request }
        command.clientID = ClientID(trusted: "\(command.clientID)-\(tries)")
        return ClientRequest(id: request.id, frame: .command(command))
    }
}
