import Crypto
package import Logging
package import NIOCore
package import ParleyDomain
import ParleyWire
import Synchronization

/// The shell around the decisions: connections on event loops, one shard that writes, threads that read.
package final class Engine: SocketSessionFactory {
    package let settings: EngineSettings
    let clock: EngineClock
    let accounts: any AccountService
    let readers: ReaderPool
    let hello: ServerHello
    let logger: Logger
    let links: LinkSecrets
    private let nextConnection = Atomic<UInt64>(1)
    private let exchanges = Atomic<UInt64>(RequestOrigin.firstExchange)
    private let timers = Mutex<[RepeatedTask]>([])
    let shard: ShardRunner
    let outbox: LoopOutbox
    /// Wakes who is not connected; nil where nothing is told of it.
    let planner: PushPlanner?

    /// - Parameters:
    ///   - pushHook: What wakes users who are not connected; nobody is woken without one.
    ///   - store: The writing half of the store; from here on only the shard's thread uses it.
    ///   - group: The event loops that connections live on.
    package init(
        store: sending any MessageStore, reader: any MessageReader, accounts: any AccountService, group: any EventLoopGroup,
        settings: EngineSettings, clock: EngineClock, logger: Logger, pushHook: (any PushHook)? = nil
    ) {
        self.settings = settings
        self.clock = clock
        self.accounts = accounts
        self.logger = logger
        self.links = LinkSecrets(secret: settings.linkSecret)
        let epoch = store.epoch
        self.hello = ServerHello(
            epoch: epoch, heartbeatMilliseconds: settings.heartbeatMilliseconds, authMilliseconds: settings.authMilliseconds,
            requestsInFlight: settings.requestsInFlight)
        let readers = ReaderPool(reader: reader, epoch: epoch, links: self.links, settings: settings)
        self.readers = readers
        let outbox = LoopOutbox(loops: Array(group.makeIterator()))
        self.outbox = outbox
        let planner = pushHook.map { PushPlanner(hook: $0, readers: readers, settings: settings, logger: logger) }
        self.planner = planner
        self.shard = ShardRunner(store: store, settings: settings, clock: clock, logger: logger) { effects in
            // First: who has an ack, or reads of somebody's coming or going, finds it noted.
            planner?.observe(effects)
            outbox.dispatch(effects)
        }
        outbox.open(engine: self)
        let shard = self.shard
        var sweeps = outbox.startSweeps()
        if let planner {
            let delay = TimeAmount.milliseconds(settings.wakeMilliseconds)
            sweeps.append(group.next().scheduleRepeatedTask(initialDelay: delay, delay: delay) { _ in planner.tick() })
        }
        let first = group.next().scheduleRepeatedTask(
            initialDelay: .milliseconds(settings.positionsMilliseconds), delay: .milliseconds(settings.positionsMilliseconds)
        ) { _ in shard.post(CollectionOfOne(.tick)) }
        sweeps.append(first)
        self.timers.withLock { [sweeps] in $0 = sweeps }
    }

    /// Makes the engine's side of a connection. Called on the socket's event loop.
    package func makeSession(for socket: any Socket, info: ConnectionInfo) -> any SocketSession {
        let delivery = self.delivery(on: socket.eventLoop)
        let id = self.nextConnection.wrappingAdd(1, ordering: .relaxed).oldValue
        if info.subprotocol == .compat { return CompatSession(id: id, delivery: delivery, socket: socket, info: info) }
        let connection = Connection(id: id, delivery: delivery, socket: socket, info: info)
        delivery.add(connection)
        return connection
    }

    /// Closes the connections of a log-in that ended, within a second (R77, A22).
    package func endSession(_ session: SessionID, of user: UserID) {
        for loop in self.outbox.indices { self.hand([.sessionEnded(user, session)], to: loop) }
    }

    /// Tells the loop's connections that the server goes down, takes no more requests of theirs, and answers those it has taken.
    /// Called on the event loop whose connections are meant; completes when all are answered, 3 s later at the latest.
    package func drain(on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        self.delivery(on: eventLoop).drain(promise)
        return promise.futureResult
    }

    /// Ends the threads; what was handed over before is finished and stored.
    package func close() async {
        for timer in self.timers.withLock({ $0 }) { timer.cancel() }
        await self.shard.close()
        await self.readers.close()
    }

    /// Whether the store takes what it is given: false after a failure, until a batch succeeds again.
    package var isStoring: Bool { self.shard.isStoring }

    /// Takes effects to the connections that they concern. What the shard's turns end with.
    package func deliver(_ effects: [Effect]) { self.outbox.dispatch(effects) }

    // MARK: For connections

    func nextLoop() -> any EventLoop { self.outbox.nextLoop() }
    func nextExchange() -> UInt64 { self.exchanges.wrappingAdd(1, ordering: .relaxed).oldValue }

    func submit(_ submission: Submission) {
        guard !submission.command.clientID.isOperators else {
            let refusal = Refusal(.outOfRange, field: "client_id", rule: "a name that does not begin with \(ClientID.operators)")
            return self.hand([.answer(submission.origin, .refused(refusal))], to: submission.origin.loop)
        }
        self.post(submission)
    }

    func post(_ submission: Submission) {
        if !self.shard.post(CollectionOfOne(.submit(submission))) {
            self.hand([.answer(submission.origin, .refused(Refusal(.draining)))], to: submission.origin.loop)
        }
    }

    /// Answers a request from the store.
    func read(_ frame: ClientFrame, _ origin: RequestOrigin, for user: UserID) {
        self.readers.answer(frame, origin, for: user, at: self.clock.wall()) { self.hand([$0], to: origin.loop) }
    }

    /// Refuses a command, unless its client id was stored before: then it gets the same ack for ever.
    func refuse(_ submission: Submission, _ refusal: Refusal) {
        if !self.shard.post(CollectionOfOne(.lookUp(submission, refusal))) {
            self.hand([.answer(submission.origin, .refused(Refusal(.draining)))], to: submission.origin.loop)
        }
    }

    /// On the loop itself: what its connections share.
    func delivery(on eventLoop: any EventLoop) -> LoopDelivery { self.outbox.delivery(on: eventLoop) }

    func hand(_ effects: [LoopEffect], to loop: Int32) { self.outbox.hand(effects, to: loop) }

    func identified(_ origin: RequestOrigin, _ identity: Identity) {
        self.outbox.onLoop(origin.loop) { $0.connections[origin.connection]?.identified(origin.request, identity) }
    }

    /// The creation of a conversation. Its id follows from who makes it and the client id (a group) or from the pair (a direct
    /// one), so that a repeat finds the same conversation.
    func creation(of new: NewConversation, by user: UserID, clientID: ClientID, members: [UserID]) -> Command {
        let id: ConversationID
        switch new.kind {
        case .group:
            let digest = SHA256.hash(data: Array("group\n\(user)\n\(clientID)".utf8))
            id = ConversationID(trusted: "g" + Base32.ofEach(digest, characters: 26))
        case .direct: id = Self.directConversation(of: user, members.first ?? user)
        }
        return .create(id, clientID, new, members: members)
    }

    /// The one direct conversation of two users.
    static func directConversation(of one: UserID, _ other: UserID) -> ConversationID {
        let pair = [one, other].sorted().map(\.rawValue).joined(separator: "\n")
        return ConversationID(
            trusted: "d" + Base32.ofEach(SHA256.hash(data: Array("direct\n\(pair)".utf8)), characters: 26))
    }
}
