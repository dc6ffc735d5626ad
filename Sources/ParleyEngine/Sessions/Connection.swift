import Logging
import NIOCore
import ParleyDomain
import ParleyWire

/// One client's connection, from hello to its end. Confined to its event loop.
final class Connection: SocketSession {
    enum State {
        /// Nothing said yet; cut at the deadline.
        case waitingForAuth(deadline: Int64)
        /// The credential is being checked, or the user's conversations looked up; cut at the deadline.
        case enteringAs(Identity?, deadline: Int64)
        case live(Identity)
        case closed
    }

    let id: UInt64
    let delivery: LoopDelivery
    let socket: any Socket
    private let info: ConnectionInfo
    /// How its frames are bytes, both ways.
    let encoding: WireEncoding
    private(set) var state: State
    /// Its places in rooms, and what waits to be written: `Connection+Seats.swift`, `Connection+Writing.swift`.
    var places = SeatList()
    ///
    /// The marked ones are touched for every delivery. Nothing is called while one of them is changed, so the check for overlapping accesses,
    /// which costs more than the change, is left out.
    @exclusivity(unchecked) var outgoing: [Outgoing] = []
    /// The first sequence that its user may see, where that is not the first of all.
    var firstVisible: [ConversationID: Int64] = [:]
    /// Whose presence it is told of.
    var watched: [UserID] = []
    /// Whether it stands in the loop's queue of answers, and in that of pushes.
    @exclusivity(unchecked) var isAnswering = false
    @exclusivity(unchecked) var isWaiting = false
    /// True while the client does not take its bytes: nothing is pushed to it (R42).
    @exclusivity(unchecked) var isBehind = false
    /// Conversations whose entries were dropped while it was behind.
    var dropped: Set<ConversationID> = []
    /// Conversations that its user went out of while it was behind, and where they stood then.
    var partedBehind: [ConversationID: Int64] = [:]
    /// Set when the server goes down: no more requests are taken, whatever the client reads.
    private(set) var isDraining = false
    /// Heads that it is told of with the next write (R36).
    @exclusivity(unchecked) var notedHeads: [(ConversationID, Int64)] = []
    /// The loop's tick up to which the client was told of every head.
    var seenTick: UInt64
    private var bucket: RateBucket
    private var refusedInARow = 0
    var inFlight: Int64 = 0
    private var nextHeartbeat: Int64

    var engine: Engine { self.delivery.engine }

    init(id: UInt64, delivery: LoopDelivery, socket: any Socket, info: ConnectionInfo) {
        self.id = id
        self.delivery = delivery
        self.socket = socket
        self.info = info
        self.encoding = info.subprotocol.encoding
        let settings = delivery.engine.settings
        let now = delivery.engine.clock.steady()
        self.state = .waitingForAuth(deadline: now + settings.authMilliseconds)
        self.bucket = RateBucket(perSecond: settings.framesPerSecond, burst: settings.frameBurst, at: now)
        // Heartbeats of many connections are spread over the interval.
        self.nextHeartbeat = now + settings.heartbeatMilliseconds - Int64(id % 64) * (settings.heartbeatMilliseconds / 128)
        self.seenTick = delivery.tick
        var hello = ByteBuffer()
        delivery.encoder.hello(delivery.engine.hello, as: info.subprotocol, into: &hello)
        socket.write(self.encoded(hello))
    }

    /// One request without a socket of its own, and its answer: live at once, seated nowhere, and told nothing.
    init(
        exchange id: UInt64, delivery: LoopDelivery, socket: any Socket, identity: Identity, encoding: WireEncoding
    ) {
        self.id = id
        self.delivery = delivery
        self.socket = socket
        self.info = ConnectionInfo(origin: Origin(address: "", agent: ""), subprotocol: .json, connection: id)
        self.encoding = encoding
        self.state = .live(identity)
        self.bucket = RateBucket(perSecond: 0, burst: 0, at: 0)
        self.nextHeartbeat = .max
        self.seenTick = delivery.tick
    }

    var isExchange: Bool { self.id >= RequestOrigin.firstExchange }

    /// What the connection is called in our logs, so that a client's report and a log line meet (R119).
    var name: String { self.info.name }

    var user: UserID? { self.identity?.user }
    var session: SessionID? { self.identity?.session }

    private var identity: Identity? {
        switch self.state {
        case .live(let identity), .enteringAs(.some(let identity), _): identity
        default: nil
        }
    }

    var isClosed: Bool {
        if case .closed = self.state { true } else { false }
    }

    /// Whether its log-in is under way.
    var isEntering: Bool {
        if case .enteringAs = self.state { true } else { false }
    }

    var isLive: Bool {
        if case .live = self.state { true } else { false }
    }

    // MARK: In

    func received(text: ByteBuffer) { self.received(text, as: .json) }
    func received(binary: ByteBuffer) { self.received(binary, as: .binary) }

    func received(_ message: ByteBuffer, as encoding: WireEncoding) {
        if case .closed = self.state { return }
        guard encoding == self.encoding else {
            return self.refuse(nil, Refusal(self.encoding == .json ? .notText : .notBinary))
        }
        guard self.admits(message) else { return }
        do throws(DecodeFailure) {
            switch encoding {
            case .json: self.handle(try self.delivery.decoder.decode(message))
            case .binary: self.handle(try self.delivery.decoder.decode(binary: message))
            }
        } catch {
            self.refuse(error.id, error.refusal)
        }
    }

    /// Takes one token of the rate for a message, and bounds it before log-in; what is over either bound is refused here.
    @inline(__always)
    func admits(_ message: ByteBuffer) -> Bool {
        if let wait = self.bucket.take(at: self.engine.clock.steady()) {
            self.limited(wait)
            return false
        }
        self.refusedInARow = 0
        if case .waitingForAuth = self.state, message.readableBytes > Limits.frameBeforeAuthBytes {
            self.refuseAndClose(Refusal(.frameTooLarge, rule: "at most \(Limits.frameBeforeAuthBytes) bytes before auth"))
            return false
        }
        return true
    }

    /// Slow down, and goodbye to who does not listen.
    private func limited(_ wait: Int64) {
        self.refusedInARow += 1
        let refusal = Refusal(
            .rateLimited, rule: "at most \(self.engine.settings.framesPerSecond) frames a second", retryMilliseconds: Int(wait))
        if self.refusedInARow > 1_000 { self.refuseAndClose(refusal) } else { self.refuse(nil, refusal) }
    }

    func handle(_ request: ClientRequest) {
        switch self.state {
        case .waitingForAuth:
            guard case .auth(let credential) = request.frame else { return self.refuse(request.id, Refusal(.notAuthenticated)) }
            self.enter(credential, request.id)
        case .enteringAs: self.refuse(request.id, Refusal(.alreadyAuthenticated, rule: "wait for ready"))
        case .live(let identity): self.handle(request, identity)
        case .closed: return
        }
    }

    private func handle(_ request: ClientRequest, _ identity: Identity) {
        switch request.frame {
        case .auth: return self.refuse(request.id, Refusal(.alreadyAuthenticated))
        case .ping:
            var pong = ByteBuffer()
            self.delivery.encoder.pong(id: request.id, time: self.engine.clock.wall(), into: &pong)
            return self.writeNow(pong)
        default: break
        }
        guard self.inFlight < self.engine.settings.requestsInFlight else {
            return self.refuse(
                request.id, Refusal(.tooManyRequests, rule: "at most \(self.engine.settings.requestsInFlight) in flight"))
        }
        self.inFlight += 1
        let origin = RequestOrigin(loop: self.delivery.index, connection: self.id, request: request.id)
        self.dispatch(request.frame, origin, identity)
    }

    // MARK: Coming in

    private func enter(_ credential: Credential, _ request: Int64) {
        self.state = .enteringAs(nil, deadline: self.engine.clock.steady() + self.engine.settings.entryMilliseconds)
        self.inFlight += 1
        let origin = RequestOrigin(loop: self.delivery.index, connection: self.id, request: request)
        let engine = self.engine
        // The one task of a connection: it ends as soon as the credential is checked.
        Task {
            do throws(Refusal) {
                let identity =
                    switch credential {
                    case .token(let token): try await engine.accounts.authenticate(token: token)
                    case .ticket(let ticket): try await engine.accounts.redeem(ticket: ticket)
                    }
                engine.identified(origin, identity)
            } catch {
                engine.hand([.answer(origin, .refused(error))], to: origin.loop)
            }
        }
    }

    /// The credential holds; next the shard makes the connection live.
    func identified(_ request: Int64, _ identity: Identity) {
        guard case .enteringAs(nil, let deadline) = self.state else { return }
        guard !self.delivery.hasEnded(identity.session) else { return self.refuseAndClose(Refusal(.sessionEnded)) }
        self.state = .enteringAs(identity, deadline: deadline)
        let origin = RequestOrigin(loop: self.delivery.index, connection: self.id, request: request)
        self.engine.shard.post(CollectionOfOne(.attach(origin, identity.user)))
    }

    /// From here on everything committed is pushed. False if the connection is not to go live any more.
    func becomeLive(_ request: Int64) -> Bool {
        guard case .enteringAs(.some(let identity), _) = self.state else { return false }
        guard !self.delivery.hasEnded(identity.session) else {
            self.refuseAndClose(Refusal(.sessionEnded))
            return false
        }
        self.state = .live(identity)
        self.socket.loggedIn()
        self.inFlight -= 1
        // What is published in this very turn is news to it already, should it not take what is pushed.
        self.seenTick = self.delivery.tick - 1
        var ready = ByteBuffer()
        self.delivery.encoder.ready(
            id: request, user: identity.user, name: identity.name, session: identity.session, connection: self.name,
            into: &ready)
        self.append(.frames(ready), isUrgent: true)
        // With the name that `ready` told: so a client's report and a log line meet (R119).
        self.engine.logger.info(
            "logged in",
            metadata: [
                "connection": "\(self.name)", "trace_id": "\(self.info.trace)", "user": "\(identity.user)",
                "session": "\(identity.session)",
            ])
        return true
    }

    // MARK: Time and ends

    func sweep(at now: Int64) {
        switch self.state {
        case .waitingForAuth(let deadline):
            if now >= deadline { self.refuseAndClose(Refusal(.authTimeout)) }
        case .enteringAs(_, let deadline):
            if now >= deadline { self.refuseAndClose(Refusal(.unavailable, retryMilliseconds: 1_000)) }
        case .live(let identity):
            if let ends = identity.ends, self.engine.clock.wall() >= ends {
                return self.refuseAndClose(Refusal(.badToken, rule: "the token that opened this connection has expired"))
            }
            guard now >= self.nextHeartbeat else { return }
            self.nextHeartbeat = now + self.engine.settings.heartbeatMilliseconds
            guard !self.isBehind else { return }
            var frame = ByteBuffer()
            self.delivery.encoder.heartbeat(time: self.engine.clock.wall(), heads: self.news(), into: &frame)
            self.append(.frames(frame), isUrgent: false)
        case .closed: return
        }
    }

    func drain() {
        if case .closed = self.state { return }
        self.isDraining = true
        var frame = ByteBuffer()
        // Spread over two seconds, so that they do not all come back at once.
        self.delivery.encoder.reconnect(afterMilliseconds: 250 + Int64(self.id % 64) * 32, into: &frame)
        self.append(.frames(frame), isUrgent: true)
        self.socket.pauseReading()
    }

    /// Whether a request was taken that has no answer yet, or an answer that was not written yet.
    var owesAnswers: Bool { self.inFlight > 0 || !self.outgoing.isEmpty }

    func refuse(_ request: Int64?, _ refusal: Refusal) {
        if refusal.code.closes { return self.refuseAndClose(refusal, request) }
        self.tell(refusal, request)
    }

    private func tell(_ refusal: Refusal, _ request: Int64?) {
        self.delivery.counts.refused(refusal.code)
        var frame = ByteBuffer()
        self.delivery.encoder.error(id: request, refusal, into: &frame)
        self.writeNow(frame)
    }

    /// Tells why, then ends the connection.
    func refuseAndClose(_ refusal: Refusal, _ request: Int64? = nil) {
        if case .closed = self.state { return }
        self.tell(refusal, request)
        self.finish()
        self.socket.close(code: refusal.code.closeCode, reason: refusal.code.name)
    }

    func disconnected() { self.finish() }

    /// The same state whatever the cause was (R83).
    private func finish() {
        if case .closed = self.state { return }
        self.delivery.remove(self)
        self.state = .closed
        self.outgoing = []
    }
}
