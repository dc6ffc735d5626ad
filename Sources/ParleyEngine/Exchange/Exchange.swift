package import NIOCore
package import ParleyDomain
package import ParleyWire

/// The answer to one request that came without a socket.
package struct ExchangeReply: Sendable {
    /// 200, or that of the error.
    package var status: Int
    /// When an error says to come back, in milliseconds; 0 where it does not.
    package var retryMilliseconds = 0
    /// The frame that a socket would have got.
    package var body: ByteBuffer
}

extension Engine {
    /// Answers one request, given as the frame that a socket would send: every command works without a socket (R113).
    ///
    /// - Parameters:
    ///   - request: At most `Limits.frameBytes`; the caller has bounded it.
    ///   - encoding: Of the request and of the reply.
    package func exchange(
        _ request: ByteBuffer, in encoding: WireEncoding = .json, as identity: Identity
    ) -> EventLoopFuture<ExchangeReply> {
        let eventLoop = self.outbox.loop(for: identity.user)
        let promise = eventLoop.makePromise(of: ExchangeReply.self)
        let number = self.nextExchange()
        eventLoop.execute {
            let delivery = self.delivery(on: eventLoop)
            let socket = ExchangeSocket(eventLoop: eventLoop, encoding: encoding, promise: promise)
            let exchange = Connection(
                exchange: number, delivery: delivery, socket: socket, identity: identity, encoding: encoding)
            socket.answered = { delivery.remove(exchange) }
            delivery.add(exchange)
            if let wait = delivery.exchangeWait(of: identity.user) {
                return exchange.refuse(nil, Refusal(.rateLimited, retryMilliseconds: Int(clamping: wait)))
            }
            exchange.received(request, as: encoding)
        }
        return promise.futureResult
    }
}

extension ClientID {
    /// What the client ids of an operator's acts begin with. No client can use one: so the log tells whose doing it was, though the
    /// entry has the owner for its sender, with whose rights the act was decided.
    static let operators = "operator:"

    package var isOperators: Bool { self.rawValue.hasPrefix(Self.operators) }
}

/// What became of an operator's act.
package enum OperatorReply: Sendable, Equatable {
    /// It stands in the log at this sequence.
    case stored(Int64)
    /// It was refused, and why.
    case refused(String)
    /// The engine ended first: the log tells.
    case unknown
}

extension Engine {
    /// Does what the operator asks, decided like a request of this user, and marked as the operator's in the log.
    ///
    /// - Parameter name: Makes the act one of its kind: up to 40 characters of an identifier.
    package func operate(
        _ action: Command.Action, in conversation: ConversationID, as user: UserProfile, name: String
    ) -> EventLoopFuture<OperatorReply> {
        let command = Command(conversation, ClientID(trusted: ClientID.operators + name), action)
        let identity = Identity(user: user.user, name: user.name, session: SessionID(trusted: "operator"), device: "")
        let eventLoop = self.nextLoop()
        let promise = eventLoop.makePromise(of: ExchangeReply.self)
        let number = self.nextExchange()
        eventLoop.execute {
            let delivery = self.delivery(on: eventLoop)
            let socket = ExchangeSocket(eventLoop: eventLoop, encoding: .json, promise: promise)
            let exchange = Connection(
                exchange: number, delivery: delivery, socket: socket, identity: identity, encoding: .json)
            socket.answered = { delivery.remove(exchange) }
            delivery.add(exchange)
            exchange.inFlight = 1
            let origin = RequestOrigin(loop: delivery.index, connection: number, request: 0)
            self.post(Submission(origin: origin, user: user.user, command: command))
        }
        return promise.futureResult.map { reply in
            var decoder = ServerFrameDecoder()
            return switch try? decoder.decode(reply.body) {
            case .ack(_, let receipt): .stored(receipt.sequence)
            case .error(_, let error): .refused(error.message)
            default: .unknown
            }
        }
    }
}

/// What stands in the place of a socket for one exchange: the first frame written to it is the answer.
private final class ExchangeSocket: Socket {
    let eventLoop: any EventLoop
    private let encoding: WireEncoding
    private var promise: EventLoopPromise<ExchangeReply>?
    /// Called once the answer is there.
    var answered: () -> Void = {}

    init(eventLoop: any EventLoop, encoding: WireEncoding, promise: EventLoopPromise<ExchangeReply>) {
        self.eventLoop = eventLoop
        self.encoding = encoding
        self.promise = promise
    }

    var isWritable: Bool { true }

    func write(_ frames: ByteBuffer) {
        guard let promise else { return }
        self.promise = nil
        let body = WebSocketFrameHeader.payload(of: frames) ?? ByteBuffer()
        let error = self.error(in: body)
        promise.succeed(
            ExchangeReply(
                status: error.map { $0.code / 100 } ?? 200, retryMilliseconds: Int(clamping: error?.retryMilliseconds ?? 0),
                body: body))
        self.end()
    }

    private func end() {
        let answered = self.answered
        self.answered = {}
        answered()
    }

    private func error(in body: ByteBuffer) -> ReceivedError? {
        var decoder = ServerFrameDecoder()
        guard case .error(_, let error)? = try? decoder.decode(body, in: self.encoding) else { return nil }
        return error
    }

    /// The engine ends what it will not answer: nothing was written if this comes first.
    func close(code: UInt16, reason: String) {
        self.promise?.succeed(ExchangeReply(status: 503, body: ByteBuffer()))
        self.promise = nil
        self.end()
    }

    func pauseReading() {}
    func resumeReading() {}
}
