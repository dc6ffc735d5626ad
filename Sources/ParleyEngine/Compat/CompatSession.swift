import NIOCore
import ParleyDomain
import ParleyWire

/// One connection of the compatibility profile: between its socket and an ordinary `Connection`, to which it is the socket. Confined to its
/// event loop.
///
/// So the path of other connections knows nothing of the profile, and rights, limits, rates and the rules for slow readers are those of
/// every connection.
final class CompatSession: SocketSession, Socket {
    let id: UInt64
    private let outer: any Socket
    private let delivery: LoopDelivery
    private var connection: Connection?
    private var translation: CompatTranslation
    private var steps: [CompatTranslation.Step] = []
    private var isPerforming = false
    /// How the connection is to be ended, once what goes before is written.
    private var ending: (code: UInt16, reason: String)?
    /// Whether the connection was told to write no more, on account of what is held here.
    private var wasFull = false

    init(id: UInt64, delivery: LoopDelivery, socket: any Socket, info: ConnectionInfo) {
        self.id = id
        self.delivery = delivery
        self.outer = socket
        let settings = delivery.engine.settings
        self.translation = CompatTranslation(
            connection: info.name, mint: "c-" + String(UInt64.random(in: .min ... .max), radix: 36),
            contentCharacters: settings.compatContentCharacters, closesOnInvalid: settings.compatClosesOnInvalid)
        let connection = Connection(id: id, delivery: delivery, socket: self, info: info)
        self.connection = connection
        delivery.add(connection)
        delivery.compat.add(self)
    }

    // MARK: The client's side

    func received(text: ByteBuffer) {
        guard let connection, connection.admits(text) else { return }
        self.perform(self.translation.received(text, waiting: self.delivery.engine.settings.requestsInFlight))
    }

    func received(binary: ByteBuffer) { self.connection?.received(binary: binary) }
    func becameWritable() { self.connection?.becameWritable() }

    func disconnected() {
        self.delivery.compat.remove(self)
        self.connection?.disconnected()
        self.connection = nil
    }

    // MARK: The connection's side

    var eventLoop: any EventLoop { self.outer.eventLoop }
    var isWritable: Bool {
        self.wasFull = self.translation.isFull
        return self.outer.isWritable && !self.wasFull
    }

    func write(_ frames: ByteBuffer) {
        var (rest, decoder) = (frames, ServerFrameDecoder())
        while let payload = WebSocketFrameHeader.nextPayload(of: &rest) {
            guard let frame = Self.frame(payload, &decoder) else { continue }
            self.perform(self.translation.wrote(frame))
        }
    }

    /// What this process wrote decodes. Should it not, who waits for it gets an error; a push that is left out shows as a gap.
    private static func frame(_ payload: ByteBuffer, _ decoder: inout ServerFrameDecoder) -> ServerFrame? {
        do throws(DecodeFailure) {
            return try decoder.decode(payload)
        } catch {
            return error.id.map { .error(id: $0, ReceivedError(Refusal(.internalError))) }
        }
    }

    func close(code: UInt16, reason: String) {
        self.ending = (code, reason)
        self.perform(self.translation.closing())
    }

    func pauseReading() { self.outer.pauseReading() }
    func resumeReading() { self.outer.resumeReading() }
    func loggedIn() { self.outer.loggedIn() }

    // MARK: Names, and who has gone

    func found(_ result: Result<CompatFacts, Refusal>, for line: CompatQuestion.Line) {
        guard self.connection != nil else { return }
        switch result {
        case .success(let facts): self.perform(self.translation.found(facts, for: line))
        case .failure(let refusal): self.perform(self.translation.failed(refusal, for: line))
        }
        guard self.wasFull, !self.translation.isFull, self.outer.isWritable else { return }
        self.wasFull = false
        self.connection?.becameWritable()
    }

    /// Lossy, as presence is: nobody waits for who does not read.
    func left(_ user: NumberedUser, from conversations: [ConversationID], connection: String) {
        guard self.outer.isWritable else { return }
        self.perform(self.translation.left(user, from: conversations, connection: connection))
    }

    private func look(_ question: CompatQuestion) {
        guard let user = self.connection?.user else { return }
        let (engine, loop, id) = (self.delivery.engine, self.delivery.index, self.id)
        let reply: @Sendable (Result<CompatFacts, Refusal>) -> Void = { result in
            engine.outbox.onLoop(loop) { $0.compat.session(id)?.found(result, for: question.line) }
        }
        engine.readers.perform { reader throws(ReadFailure) in
            reply(.success(try question.answer(from: reader, for: user)))
        } refused: { refusal in
            reply(.failure(refusal))
        }
    }

    // MARK: Steps

    /// Does the steps in order, those that come of them last; the envelopes of all are one write.
    private func perform(_ steps: [CompatTranslation.Step]) {
        self.steps.append(contentsOf: steps)
        guard !self.isPerforming else { return }
        self.isPerforming = true
        defer { self.isPerforming = false }
        var frames = ByteBuffer()
        while !self.steps.isEmpty {
            switch self.steps.removeFirst() {
            case .envelope(let envelope): WebSocketFrameHeader.writeFrame(envelope, into: &frames)
            case .request(let request): self.connection?.handle(request)
            case .refuse(let id, let refusal, let closes):
                if closes { self.connection?.refuseAndClose(refusal, id) } else { self.connection?.refuse(id, refusal) }
            case .look(let question): self.look(question)
            case .joined(let conversation): self.delivery.compat.join(conversation, self)
            case .parted(let conversation): self.delivery.compat.part(conversation, self)
            }
        }
        if frames.readableBytes > 0 { self.outer.write(frames) }
        guard let ending else { return }
        self.ending = nil
        self.outer.close(code: ending.code, reason: ending.reason)
    }
}
