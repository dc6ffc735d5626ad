package import NIOCore
import NIOPosix
package import ParleyDomain
package import ParleyWire

/// What a chat client tells its application, in order.
package enum ChatEvent: Sendable, Equatable {
    /// A connection is being opened.
    case connecting
    /// Logged in, and what was missed is on its way.
    case live
    /// No connection. The text says why; the next try is made by itself, so many milliseconds from now.
    case offline(String, retryMilliseconds: Int64)
    /// Lines of the conversation list that are new or changed; `whole` with the last of an answer.
    case listed([ReceivedSummary], whole: Bool)
    /// The next entry of a conversation: once, in order (R20).
    case accepted(ConversationID, ReceivedEntry)
    case settled(ClientID, Receipt)
    /// A command found done already what it asks for.
    case unchanged(ClientID)
    case created(ClientID, ConversationID)
    case refused(ClientID, ReceivedError)
    case ended(ConversationID)
    /// The server was restored from a copy: all entries come anew.
    case startOver
    /// The credential is no good any more. Nothing comes after this.
    case loggedOut(ReceivedError)
    /// Receipts, typing, presence, positions: news that no log has.
    case pushed(ServerFrame)
    /// The answer to `ask`, as a frame and as it came.
    case answer(UInt64, ServerFrame, ByteBuffer)
    /// The connection went before the answer came: ask again if it still matters.
    case unanswered(UInt64)
}

/// Runs a `ClientCore` on a socket: connects, reconnects, resumes, and hands on what the core accepts.
///
/// `@unchecked Sendable` is sound: everything but the `let`s is touched on `loop` only.
package final class ChatClient: @unchecked Sendable {
    /// Takes events, on the loop; must not block. False asks for a pause: the socket is not read until `resume`.
    package typealias Listener = @Sendable ([ChatEvent]) -> Bool
    /// Gives what to show the server next. A failure counts as a failed connection.
    package typealias Renewal = @Sendable (any EventLoop) -> EventLoopFuture<Credential>

    /// Questions that may wait for answers at a time; more are `unanswered` at once.
    package static let questionsMax = 32
    /// Request ids of questions; the core's own are below.
    private static let firstQuestion: Int64 = 1 << 40

    private let loop: any EventLoop
    private let connector: SocketConnector
    private let renewal: Renewal
    private let listener: Listener
    private let encoder = RequestEncoder()
    private var decoder = ServerFrameDecoder()
    private var core: ClientCore
    /// The connection that counts, by the core's number for it.
    private var number: UInt64 = 0
    private var channel: (any Channel)?
    private var failure = ""
    private var wasLive = false
    private var hasEnded = false
    private var timer: Scheduled<Void>?
    private var questions: [Int64: UInt64] = [:]
    private var nextQuestion = ChatClient.firstQuestion
    private var events: [ChatEvent] = []

    /// - Parameters:
    ///   - core: Made by the application, with what it has kept.
    ///   - renewal: Asked before every connection.
    package init(
        core: ClientCore, connector: SocketConnector, loop: any EventLoop, renewal: @escaping Renewal,
        listener: @escaping Listener
    ) {
        self.core = core
        self.connector = connector
        self.loop = loop
        self.renewal = renewal
        self.listener = listener
    }

    // MARK: For the application, from any thread

    package func start() { self.onLoop { $0.tick() } }

    /// Puts a command into the outbox; it goes out when it can, and is sent again until it is settled or refused.
    package func submit(_ item: OutboxItem) {
        self.onLoop { client in
            for request in client.core.submit(item, at: Self.now()) { client.send(request) }
        }
    }

    package func read(_ conversation: ConversationID, upTo sequence: Int64, urgent: Bool = false) {
        self.onLoop { client in
            for request in client.core.read(conversation, upTo: sequence, urgent: urgent, at: Self.now()) { client.send(request) }
        }
    }

    /// Asks something that is answered by `.answer` or `.unanswered`, with this tag.
    package func ask(_ frame: ClientFrame, tag: UInt64) {
        self.onLoop { client in
            guard client.core.isLive, client.channel != nil, client.questions.count < Self.questionsMax else {
                return client.events.append(.unanswered(tag))
            }
            client.nextQuestion += 1
            client.questions[client.nextQuestion] = tag
            client.send(ClientRequest(id: client.nextQuestion, frame: frame))
        }
    }

    /// Asks for the lines of the conversation list that changed since the last sync: `.listed` follows.
    package func refreshList(tag: UInt64) {
        self.loop.execute {
            let token = SyncToken(text: self.core.token) ?? .start
            self.ask(.sync(SyncRequest(epoch: self.core.epoch, token: token, positions: [:])), tag: tag)
        }
    }

    /// Reads on, after the listener asked for a pause.
    package func resume() {
        self.onLoop { $0.channel?.triggerUserOutboundEvent(SocketPace.reading, promise: nil) }
    }

    /// Connects now, instead of when the pause is over.
    package func retry() {
        self.onLoop { client in
            client.core.hurry()
            client.tick()
        }
    }

    /// Ends the connection, when what was written before has left; no event comes after the future has completed.
    package func close() -> EventLoopFuture<Void> {
        self.loop.flatSubmit {
            self.hasEnded = true
            self.timer?.cancel()
            guard let channel = self.channel else { return self.loop.makeSucceededVoidFuture() }
            self.channel = nil
            let deadline = self.loop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
            channel.writeAndFlush(SocketOutput.close(code: 1_000), promise: nil)
            channel.closeFuture.whenComplete { _ in deadline.cancel() }
            return channel.closeFuture
        }
    }

    // MARK: On the loop

    private static func now() -> Int64 { Int64(clamping: NIODeadline.now().uptimeNanoseconds / 1_000_000) }
    private static func jitter() -> UInt64 { .random(in: .min ... .max) }

    private func onLoop(_ body: @escaping @Sendable (ChatClient) -> Void) {
        self.loop.execute {
            guard !self.hasEnded else { return }
            body(self)
            self.settle()
        }
    }

    /// Hands over what has happened, and sets the timer for what happens next.
    private func settle() {
        if !self.events.isEmpty {
            let events = self.events
            self.events.removeAll(keepingCapacity: true)
            if !self.listener(events) { self.channel?.triggerUserOutboundEvent(SocketPace.paused, promise: nil) }
        }
        self.timer?.cancel()
        guard !self.hasEnded, self.core.wake < .max else { return }
        let wait = max(0, self.core.wake - Self.now())
        self.timer = self.loop.scheduleTask(in: .milliseconds(wait)) {
            guard !self.hasEnded else { return }
            self.tick()
            self.settle()
        }
    }

    private func tick() {
        for action in self.core.tick(at: Self.now(), jitter: Self.jitter()) {
            switch action {
            case .connect(let number): self.open(number)
            case .send(let request): self.send(request)
            case .close: self.drop("The server does not answer.")
            }
        }
    }

    private func open(_ number: UInt64) {
        self.number = number
        self.failure = ""
        self.events.append(.connecting)
        let connected = self.renewal(self.loop).flatMap { credential in
            self.core.credential = credential
            return self.connector.connect(on: self.loop) { channel in
                self.opened(number, channel)
            } receive: { message in
                self.received(message, on: number)
            }
        }
        connected.whenFailure { error in
            guard !self.hasEnded else { return }
            self.lost(number, "\(error)")
            self.settle()
        }
    }

    private func opened(_ number: UInt64, _ channel: any Channel) {
        guard number == self.number, !self.hasEnded else { return channel.close(promise: nil) }
        self.channel = channel
        self.core.opened(number, at: Self.now())
        self.settle()
    }

    private func send(_ request: ClientRequest) {
        guard let channel = self.channel else { return }
        var text = channel.allocator.buffer(capacity: 256)
        self.encoder.encode(request, into: &text)
        channel.writeAndFlush(SocketOutput.text(text), promise: nil)
    }

    /// The connection is gone, or will not be opened.
    private func lost(_ number: UInt64, _ why: String) {
        guard number == self.number else { return }
        self.core.closed(number, at: Self.now(), jitter: Self.jitter())
        self.drop(why)
    }

    private func drop(_ why: String) {
        self.number = 0
        self.wasLive = false
        self.channel?.close(promise: nil)
        self.channel = nil
        for tag in self.questions.values.sorted() { self.events.append(.unanswered(tag)) }
        self.questions = [:]
        guard !self.core.isStopped else { return }
        self.events.append(.offline(why, retryMilliseconds: max(0, self.core.wake - Self.now())))
    }

    // MARK: What comes

    private func received(_ message: SocketMessage, on number: UInt64) {
        guard number == self.number, !self.hasEnded else { return }
        switch message {
        case .text(let text): self.received(text, on: number)
        case .pong: break
        case .binary: self.lost(number, "The server sent what is no text.")
        case .closed(let code, _): self.lost(number, self.failure.isEmpty ? "The connection ended (\(code))." : self.failure)
        }
        self.settle()
    }

    private func received(_ text: ByteBuffer, on number: UInt64) {
        let frame: ServerFrame
        do {
            frame = try self.decoder.decode(text)
        } catch {
            return self.lost(number, "The server sent a frame that cannot be read: \(error.refusal.message)")
        }
        self.look(at: frame, text)
        for action in self.core.received(frame, on: number, at: Self.now(), jitter: Self.jitter()) {
            switch action {
            case .send(let request): self.send(request)
            case .accept(let conversation, let entry): self.events.append(.accepted(conversation, entry))
            case .settled(let clientID, let receipt): self.events.append(.settled(clientID, receipt))
            case .unchanged(let clientID): self.events.append(.unchanged(clientID))
            case .created(let clientID, let conversation): self.events.append(.created(clientID, conversation))
            case .refused(let clientID, let error): self.events.append(.refused(clientID, error))
            case .ended(let conversation): self.events.append(.ended(conversation))
            case .startOver: self.events.append(.startOver)
            case .loggedOut(let error): self.events.append(.loggedOut(error))
            case .close: self.drop(self.failure.isEmpty ? "The server goes down." : self.failure)
            }
        }
        if self.core.isLive, !self.wasLive {
            self.wasLive = true
            self.events.append(.live)
        }
    }

    /// Takes out what is the application's own, before the core sees the frame.
    private func look(at frame: ServerFrame, _ text: ByteBuffer) {
        switch frame {
        case .synced(_, let reply): self.events.append(.listed(reply.conversations, whole: !reply.more))
        case .receipts(nil, _, _), .typing, .presence(nil, _), .position: self.events.append(.pushed(frame))
        case .error(nil, let error): self.failure = error.message
        default: break
        }
        guard let id = frame.answeredRequest, let tag = self.questions.removeValue(forKey: id) else { return }
        self.events.append(.answer(tag, frame, text))
    }
}

extension ServerFrame {
    /// The request that the frame answers; nil for a push.
    fileprivate var answeredRequest: Int64? {
        switch self {
        case .ready(let id, _), .ack(let id, _), .created(let id, _, _), .page(let id, _, _), .synced(let id, _), .ok(let id),
            .pong(let id, _):
            id
        case .receipts(let id, _, _), .presence(let id, _), .error(let id, _), .other(_, let id): id
        case .hello, .event, .position, .heartbeat, .behind, .heads, .typing, .reconnect: nil
        }
    }
}
