import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import ParleyDomain
import ParleyEngine
import ParleyWire

/// One HTTP/1.1 connection until it ends or becomes a WebSocket: requests in, one at a time; answers out.
///
/// Decides on its event loop what a request is; only a plain request that came whole costs a task, so a connection that says
/// nothing, trickles, or upgrades never does. While a request is answered nothing is read.
final class HTTPConnection: ChannelDuplexHandler, RemovableChannelHandler, SweptConnection {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = HTTPServerResponsePart

    private enum Phase {
        case head
        case body(HTTPRequestHead, ByteBuffer)
        case upgrade(HTTPRequestHead, Handshake.Agreement)
        case answering
        /// The last answer is on its way: what still comes is dropped.
        case ended
    }

    let core: GatewayCore
    let environment: SocketEnvironment
    var slot = -1
    private let id: UInt64
    /// Nil for a peer without an address (a Unix socket).
    private let peer: IPAddress?
    private let meter: RequestLineMeter
    private var admission: Admission
    private var context: ChannelHandlerContext?
    private var phase = Phase.head
    private var deadlines: RequestDeadlines
    private var keepsAlive = true
    /// Whether the request is a HEAD, whose answer has no body, errors included (RFC 9110, 9.3.2).
    private var isHead = false
    /// Whether the read under way brought a part of a request.
    private var sawPart = false
    /// Whether the client ended its direction.
    private var isInputClosed = false
    /// What was decoded while a request was being answered: at most what one read brought.
    private var backlog: [HTTPServerRequestPart] = []
    private var owesRead = false
    /// Requests that came whole.
    private var requests = 0

    init(
        core: GatewayCore, environment: SocketEnvironment, peer: IPAddress?, meter: RequestLineMeter,
        admission: consuming Admission
    ) {
        self.core = core
        self.meter = meter
        self.environment = environment
        self.id = core.nextID()
        self.peer = peer
        self.admission = admission
        self.deadlines = RequestDeadlines(at: environment.registry.now)
    }

    private var registry: LoopRegistry { self.environment.registry }
    /// The connection's id as logs write it.
    private var name: String { String(self.id, radix: 16) }
    private var limits: HTTPLimits { self.core.configuration.http }

    // MARK: ChannelDuplexHandler

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        self.registry.add(self)
        if self.registry.isQuiescing { self.quiesce() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.leave()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.leave()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.sawPart = true
        self.take(self.unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Bytes came and made no part: another request's head has begun.
        if !self.sawPart, self.deadlines.wait == .idle { self.deadlines.wait(for: .head, at: self.registry.now) }
        self.sawPart = false
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if case .answering = self.phase {
            self.owesRead = true
        } else {
            context.read()
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            // A client may end its direction and wait for the answer; without a request there is nothing to wait for.
            self.isInputClosed = true
            if case .answering = self.phase {} else { self.cut() }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let parserError = error as? HTTPParserError else {
            self.core.logger.debug("connection failed", metadata: ["connection": "\(self.name)", "cause": "\(error)"])
            return self.cut()
        }
        self.keepsAlive = false
        // A request that is being answered gets its answer first, and the connection ends with it.
        if case .answering = self.phase { return }
        switch parserError {
        case .headerOverflow where self.meter.bytes > self.limits.uriBytes: self.refuse(Refusal(.uriTooLong))
        case .headerOverflow: self.refuse(Refusal(.headersTooLarge))
        default: self.refuse(Refusal(.badRequest))
        }
    }

    // MARK: SweptConnection

    func sweep(at now: Int64) {
        switch self.deadlines.sweep(at: now, waiting: self.waitingBytes(), limits: self.limits) {
        case .wait: break
        case .timeOut: self.refuse(Refusal(.timeout))
        case .cut: self.cut()
        }
    }

    func quiesce() {
        self.keepsAlive = false
        if case .head = self.phase, self.deadlines.wait == .idle { self.cut() }
    }

    func cut() {
        self.phase = .ended
        self.context?.close(promise: nil)
    }

    private func leave() {
        self.phase = .ended
        self.backlog = []
        self.registry.remove(self)
        self.admission.release()
    }

    // MARK: A request comes in

    private func take(_ part: HTTPServerRequestPart) {
        switch (self.phase, part) {
        case (.ended, _): break
        case (.answering, _): self.backlog.append(part)
        case (.head, .head(let head)): self.begin(head)
        case (.body(let head, var body), .body(let bytes)):
            guard bytes.readableBytes <= self.limits.bodyBytes - body.readableBytes else { return self.refuseBody() }
            // Out of the enum while it grows, or each piece would copy what came before.
            self.phase = .head
            body.writeImmutableBuffer(bytes)
            self.phase = .body(head, body)
        case (.body(let head, let body), .end): self.submit(head, body)
        case (.upgrade(let head, let agreement), .end): self.upgrade(head, agreement)
        case (.head, _), (.body, .head), (.upgrade, _): self.refuse(Refusal(.badRequest))
        }
    }

    private func begin(_ head: HTTPRequestHead) {
        var head = head
        let headers = head.headers
        self.isHead = head.method == .HEAD
        guard head.uri.utf8.count <= self.limits.uriBytes else { return self.refuse(Refusal(.uriTooLong)) }
        if let rule = RequestRules.violation(of: head) { return self.refuse(Refusal(.badRequest, rule: rule)) }
        guard let target = RequestRules.target(of: head) else {
            return self.refuse(Refusal(.badRequest, rule: "a target that begins with /"))
        }
        head.uri = target
        switch self.core.configuration.handshake.decide(head) {
        case .upgrade(let agreement):
            self.phase = .upgrade(head, agreement)
            return
        case .refuse(let refusal, let lines):
            return self.refuse(refusal, extra: lines)
        case .plain: break
        }
        // After a head that asks for an upgrade the decoder reads no further request.
        let asksUpgrade = headers.contains(name: "Upgrade") || head.method == .CONNECT
        self.keepsAlive = self.keepsAlive && head.isKeepAlive && head.version == .http1_1 && !asksUpgrade
        if let length = headers.first(name: "Content-Length") {
            guard let length = Int(length), length <= self.limits.bodyBytes else { return self.refuseBody() }
        }
        guard headers[canonicalForm: "Content-Encoding"].allSatisfy({ $0.lowercased() == "identity" }) else {
            let refusal = Refusal(.unsupportedMediaType, field: "content-encoding", rule: "none, or identity")
            return self.refuse(refusal, extra: ["Accept-Encoding: identity"])
        }
        if headers.first(name: "Expect")?.lowercased() == "100-continue", head.version == .http1_1 {
            self.write(.head(HTTPResponseHead(version: .http1_1, status: .continue)))
            self.context?.flush()
        }
        self.phase = .body(head, ByteBuffer())
        self.deadlines.wait(for: .body, at: self.registry.now)
    }

    private func refuseBody() { self.refuse(Refusal(.frameTooLarge, rule: "at most \(self.limits.bodyBytes) bytes of body")) }

    private func submit(_ head: HTTPRequestHead, _ body: ByteBuffer) {
        guard let context = self.context, let converted = RequestRules.converted(head) else {
            return self.refuse(Refusal(.badRequest))
        }
        self.phase = .answering
        self.meter.restart()
        self.deadlines.wait(for: .answer, at: self.registry.now)
        let request = Request(head: converted, body: RequestBody(buffer: body))
        let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
        self.requests += 1
        self.core.submit(
            RequestJob(
                request: request, name: "\(self.name)-\(self.requests)", trace: Self.trace(of: head),
                origin: self.origin(of: head, from: self.client(of: head)), connection: connection,
                answers: self.registry.answers))
    }

    /// The trace that the client names, or a new one where it names none, or more than one.
    private static func trace(of head: HTTPRequestHead) -> TraceID {
        let named = head.headers["traceparent"]
        return named.count == 1 ? named.first.flatMap { TraceID(traceparent: $0) } ?? .random() : .random()
    }

    private func client(of head: HTTPRequestHead) -> IPAddress? {
        self.peer.map { self.core.clients.of(peer: $0, headers: head.headers) }
    }

    private func origin(of head: HTTPRequestHead, from client: IPAddress?) -> Origin {
        Origin(address: client?.text ?? "", agent: String((head.headers.first(name: "User-Agent") ?? "").prefix(200)))
    }

    // MARK: An answer goes out

    /// The responder's answer, on the event loop.
    func answer(_ response: GatheredResponse) {
        guard case .answering = self.phase else { return }
        self.send(response)
        guard self.keepsAlive else { return self.finish() }
        self.phase = .head
        self.deadlines.wait(for: .idle, at: self.registry.now)
        let parts = self.backlog
        self.backlog = []
        for part in parts { self.take(part) }
        if case .answering = self.phase { return }
        if self.isInputClosed { return self.finish() }
        guard self.owesRead, let context = self.context else { return }
        self.owesRead = false
        context.read()
    }

    /// Answers with an error and ends the connection. `extra` are whole header lines.
    private func refuse(_ refusal: Refusal, extra: [String] = []) {
        if case .ended = self.phase { return }
        self.keepsAlive = false
        var response = GatheredResponse(refusal)
        for line in extra {
            let parts = line.split(separator: ": ", maxSplits: 1)
            guard parts.count == 2, let name = HTTPField.Name(String(parts[0])) else { continue }
            response.head.headerFields[name] = String(parts[1])
        }
        self.send(response)
        self.finish()
    }

    private func send(_ response: GatheredResponse) {
        guard let context = self.context else { return }
        self.environment.counts.answered(response.head.status.code)
        let status = HTTPResponseStatus(statusCode: response.head.status.code, reasonPhrase: response.head.status.reasonPhrase)
        var headers = HTTPHeaders()
        headers.reserveCapacity(response.head.headerFields.count + 8)
        for field in response.head.headerFields { headers.add(name: field.name.rawName, value: field.value) }
        for (name, value) in SecurityHeaders.always where !headers.contains(name: name) { headers.add(name: name, value: value) }
        if self.core.configuration.tls != nil {
            headers.add(name: SecurityHeaders.strictTransport.name, value: SecurityHeaders.strictTransport.value)
        }
        headers.replaceOrAdd(name: "Date", value: self.registry.httpDate())
        let hasBody = status.code >= 200 && status.code != 204 && status.code != 304
        if hasBody { headers.replaceOrAdd(name: "Content-Length", value: "\(response.body.readableBytes)") }
        if !self.keepsAlive { headers.replaceOrAdd(name: "Connection", value: "close") }
        self.write(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)))
        self.deadlines.wrote(512)
        if hasBody, !self.isHead, response.body.readableBytes > 0 {
            self.write(.body(.byteBuffer(response.body)))
            self.deadlines.wrote(response.body.readableBytes)
        }
        self.write(.end(nil))
        context.flush()
    }

    private func write(_ part: HTTPServerResponsePart) { self.context?.write(self.wrapOutboundOut(part), promise: nil) }

    /// Ends our direction after what was written, then waits a little for the client's end: a close with bytes unread would
    /// reset the connection and could take the answer with it.
    private func finish() {
        self.phase = .ended
        self.backlog = []
        self.deadlines.wait(for: .end, at: self.registry.now)
        guard let context = self.context else { return }
        if self.owesRead {
            self.owesRead = false
            context.read()
        }
        let ended = context.eventLoop.makePromise(of: Void.self)
        let linger = TimeAmount.milliseconds(self.limits.lingerMilliseconds)
        ended.futureResult.assumeIsolated().whenComplete { _ in
            context.eventLoop.assumeIsolated().scheduleTask(in: linger) { context.close(promise: nil) }
        }
        context.close(mode: .output, promise: ended)
    }

    private func waitingBytes() -> Int {
        guard self.deadlines.progress.needsLook, let options = self.context?.channel.syncOptions else { return 0 }
        return (try? options.getOption(.bufferedWritableBytes)) ?? 0
    }

    // MARK: The upgrade

    /// Says 101, then makes the connection a socket: the HTTP handlers leave, `SocketHandler` is all that remains. Bytes that
    /// came after the request are frames from then on (A13).
    private func upgrade(_ head: HTTPRequestHead, _ agreement: Handshake.Agreement) {
        guard let context = self.context else { return }
        let client = self.client(of: head)
        // A proxy is not counted itself: what it carries counts for who sent it, once that is known.
        if let client, let peer = self.peer, self.core.clients.isProxy(peer), !self.admission.adopt(AddressKey(client)) {
            return self.refuse(Refusal(.tooManyConnections))
        }
        var headers = HTTPHeaders([
            ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", AcceptKey.answer(to: agreement.key)),
        ])
        if agreement.namesSubprotocol { headers.add(name: "Sec-WebSocket-Protocol", value: agreement.subprotocol.rawValue) }
        self.write(.head(HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)))
        self.write(.end(nil))
        context.flush()
        self.phase = .ended

        let socket = SocketHandler(id: self.id, environment: self.environment, admission: self.admission.handOver())
        let pipeline = context.pipeline.syncOperations
        do {
            let decoder = try pipeline.context(handlerType: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(socket, position: .after(self))
            self.registry.replace(self, by: socket)
            pipeline.removeHandler(context: try pipeline.context(handlerType: HTTPResponseEncoder.self), promise: nil)
            pipeline.removeHandler(context: try pipeline.context(handler: self.meter), promise: nil)
            pipeline.removeHandler(context: context, promise: nil)
            // Hands what it has not read as HTTP to the socket when it leaves, at the end of this turn.
            pipeline.removeHandler(context: decoder, promise: nil)
        } catch {
            self.core.logger.error("upgrade failed", metadata: ["connection": "\(self.name)", "cause": "\(error)"])
            socket.cut()
            return self.cut()
        }
        let info = ConnectionInfo(
            origin: self.origin(of: head, from: client), subprotocol: agreement.subprotocol, connection: self.id,
            trace: Self.trace(of: head))
        socket.start(info: info)
    }
}
