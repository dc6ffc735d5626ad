package import Logging
package import NIOCore
package import ParleyEngine
import ParleyWire

/// What the sockets of one event loop share.
package final class SocketEnvironment {
    package struct Settings: Sendable {
        package var parser = FrameParser.Limits()
        package var deadlines = SocketDeadlines.Settings()
        /// Pings answered in one second; more are dropped unanswered.
        package var pongsPerSecond = 32
        /// Pings and pongs taken in one second; more end the connection (A11).
        package var controlFramesPerSecond = 1_024
        /// How long a socket counts as not logged in, in milliseconds: somewhat longer than the engine's deadline for it.
        package var loginWindow: Int64 = 10_000
        /// The longest message until `Socket.loggedIn` is called or the login window ends, in bytes; nil where it is as long
        /// as later ones may be (A4).
        package var messageBytesBeforeLogin: Int?

        package init() {}
    }

    let settings: Settings
    let registry: LoopRegistry
    let sessions: any SocketSessionFactory
    let logger: Logger
    /// What operators see of this loop's sockets and requests. Nothing is called while it is changed, so the check for overlapping
    /// accesses, which costs more than the addition, is left out.
    @exclusivity(unchecked) var counts = GatewayCounts()
    /// A whole ping frame without payload.
    let pingFrame: ByteBuffer

    package init(settings: Settings, registry: LoopRegistry, sessions: any SocketSessionFactory, logger: Logger) {
        self.settings = settings
        self.registry = registry
        self.sessions = sessions
        self.logger = logger
        var ping = ByteBuffer()
        WebSocketFrameHeader.write(payloadLength: 0, opcode: .ping, into: &ping)
        self.pingFrame = ping
    }
}

/// One WebSocket connection: the only handler in its pipeline, and the engine's `Socket`.
///
/// Everything happens on the channel's event loop, without a task and without a timer of its own. However the connection
/// ends, `SocketSession.disconnected` is called exactly once (R83), and not from inside a call of the session.
package final class SocketHandler: ChannelInboundHandler, Socket, SweptConnection {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    private enum Phase {
        case open
        /// We sent a close frame and wait for the client's.
        case closing
        /// All is said: what still comes is dropped.
        case ended
    }

    package let eventLoop: any EventLoop
    package var slot = -1
    /// Names the connection in logs (R119).
    package let id: UInt64
    private let environment: SocketEnvironment
    private var admission: Admission
    private var context: ChannelHandlerContext?
    private var session: (any SocketSession)?
    private var parser = FrameParser()
    private var deadlines: SocketDeadlines
    private var phase = Phase.open
    private var isPaused = false
    /// What the channel said last of its queue. Asking it costs a walk through cold memory for each of a thousand members.
    private var takesBytes = true
    private var isLoggedIn = false
    /// What had been read when the session paused reading.
    private var held: ByteBuffer?
    /// Pings and pongs since the last sweep.
    private var controlFrames = 0
    private let openedAt: Int64
    private var trace = TraceID.none
    /// Why it ended, in our own words; the first cause counts.
    private var cause = ""
    private var framesIn = 0
    private var framesOut = 0

    package init(id: UInt64, environment: SocketEnvironment, admission: consuming Admission) {
        self.id = id
        self.environment = environment
        self.eventLoop = environment.registry.eventLoop
        self.admission = admission
        self.openedAt = environment.registry.now
        self.deadlines = SocketDeadlines(at: environment.registry.now)
    }

    /// Makes the session. Called once, with the 101 on its way and this the only handler that frames what goes out.
    package func start(info: ConnectionInfo) {
        guard self.phase == .open, self.context != nil, self.session == nil else { return }
        self.trace = info.trace
        self.environment.counts.opened += 1
        self.environment.logger.info("connection opened", metadata: self.metadata(of: info))
        self.session = self.environment.sessions.makeSession(for: self, info: info)
        if self.environment.registry.isQuiescing { self.quiesce() }
    }

    // MARK: ChannelInboundHandler

    package func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    package func handlerRemoved(context: ChannelHandlerContext) {
        self.end()
        self.context = nil
    }

    package func channelInactive(context: ChannelHandlerContext) {
        self.end()
        context.fireChannelInactive()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var input = self.unwrapInboundIn(data)
        guard self.phase != .ended else { return }
        self.environment.counts.bytesIn += input.readableBytes
        if self.held != nil {
            self.hold(input)
        } else {
            self.consume(&input)
        }
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.takesBytes = context.channel.isWritable
        if self.takesBytes, self.phase == .open { self.session?.becameWritable() }
        context.fireChannelWritabilityChanged()
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The client ended its direction: with no close frame after it, there is nobody to talk to.
        if let event = event as? ChannelEvent, event == .inputClosed { self.cut("left without a close") }
        context.fireUserInboundEventTriggered(event)
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.environment.logger.debug("socket failed", metadata: self.metadata(cause: "\(error)"))
        self.cut("socket failed")
    }

    // MARK: Socket

    package var isWritable: Bool { self.phase == .open && self.takesBytes }

    package func write(_ frames: ByteBuffer) { self.write(frames, count: WebSocketFrameHeader.count(in: frames)) }

    package func write(_ frames: ByteBuffer, count: Int) {
        self.eventLoop.assertInEventLoop()
        guard self.phase == .open else { return }
        self.framesOut &+= count
        self.environment.counts.framesOut += count
        self.send(frames)
    }

    package func close(code: UInt16, reason: String) {
        self.eventLoop.assertInEventLoop()
        guard self.phase == .open else { return }
        self.note(reason)
        self.sendClose(code: code, reason: reason)
        self.phase = .closing
        self.resumeReading()
    }

    package func pauseReading() {
        guard !self.isPaused, self.phase == .open else { return }
        self.isPaused = true
        self.setAutoRead(false)
    }

    package func resumeReading() {
        guard self.isPaused else { return }
        self.isPaused = false
        guard self.held != nil else { return self.setAutoRead(true) }
        // In a turn of its own: the session may be the caller. Reading goes on when what was held has been taken.
        self.eventLoop.assumeIsolated().execute {
            guard !self.isPaused, self.phase != .ended, var input = self.held else { return }
            self.held = nil
            self.consume(&input)
            if !self.isPaused { self.setAutoRead(true) }
        }
    }

    package func loggedIn() {
        self.isLoggedIn = true
        self.admission.graduate()
    }

    // MARK: SweptConnection

    package func sweep(at now: Int64) {
        self.controlFrames = 0
        if !self.isLoggedIn, now &- self.openedAt >= self.environment.settings.loginWindow { self.loggedIn() }
        let waiting = self.deadlines.needsWaitingBytes ? self.waitingBytes() : 0
        let settings = self.environment.settings.deadlines
        switch self.deadlines.sweep(at: now, waiting: waiting, isPaused: self.isPaused, settings: settings) {
        case .wait: break
        case .ping:
            guard self.isWritable else { return }
            self.environment.counts.pings += 1
            self.send(self.environment.pingFrame)
        case .cut(let cause):
            self.environment.counts.cut(cause)
            self.cut(cause.rawValue)
        }
    }

    package func quiesce() { self.close(code: CloseCode.goingAway, reason: "going away") }

    package func cut() { self.cut("cut") }

    private func cut(_ cause: String) {
        self.note(cause)
        self.end()
        self.context?.close(promise: nil)
    }

    private func note(_ cause: String) {
        if self.cause.isEmpty { self.cause = cause }
    }

    // MARK: Inbound

    private func consume(_ input: inout ByteBuffer) {
        var endedMessage = false
        while let event = self.parser.next(from: &input, scratch: &self.environment.registry.scratch, limits: self.limits) {
            self.handle(event, endedMessage: &endedMessage)
            if self.phase == .ended { return }
            if self.isPaused, input.readableBytes > 0 {
                self.hold(input)
                break
            }
        }
        self.deadlines.heard(
            at: self.environment.registry.now, isMidMessage: self.parser.isMidMessage, endedMessage: endedMessage)
    }

    private var limits: FrameParser.Limits {
        let settings = self.environment.settings
        guard !self.isLoggedIn, let bytes = settings.messageBytesBeforeLogin else { return settings.parser }
        var limits = settings.parser
        limits.messageBytes = min(bytes, limits.messageBytes)
        return limits
    }

    private func handle(_ event: FrameParser.Event, endedMessage: inout Bool) {
        switch event {
        case .text(let text):
            endedMessage = true
            self.countMessage()
            if self.phase == .open { self.session?.received(text: text) }
        case .binary(let binary):
            endedMessage = true
            self.countMessage()
            if self.phase == .open { self.session?.received(binary: binary) }
        case .ping(let payload):
            if self.countControlFrame(), self.phase == .open, self.controlFrames <= self.environment.settings.pongsPerSecond {
                var pong = ByteBuffer()
                WebSocketFrameHeader.writeFrame(payload, opcode: .pong, into: &pong)
                self.send(pong)
            }
        case .pong:
            self.countControlFrame()
        case .close(let code):
            if self.phase == .open { self.sendClose(code: code, reason: "") }
            self.note("closed by the client")
            self.finish()
        case .violation(let violation):
            self.fail(violation)
        }
    }

    private func countMessage() {
        self.framesIn &+= 1
        self.environment.counts.framesIn += 1
    }

    /// False when that was one too many.
    @discardableResult
    private func countControlFrame() -> Bool {
        self.controlFrames += 1
        guard self.controlFrames > self.environment.settings.controlFramesPerSecond else { return true }
        self.fail(.controlFlood)
        return false
    }

    private func fail(_ violation: FrameViolation) {
        guard self.phase != .ended else { return }
        self.environment.counts.violations += 1
        self.note(violation.reason)
        if self.phase == .open { self.sendClose(code: violation.closeCode, reason: violation.reason) }
        self.finish()
    }

    /// Keeps what cannot be taken now. Reading is off, so that is what one read gave; the end of the stream may bring more,
    /// and then the client is gone anyway.
    private func hold(_ input: ByteBuffer) {
        var held = self.held ?? ByteBuffer()
        self.held = nil
        guard held.readableBytes + input.readableBytes <= 2 * self.environment.settings.parser.messageBytes else {
            return self.cut("sent on after its end")
        }
        held.writeImmutableBuffer(input)
        self.held = held
    }

    // MARK: Outbound and the end

    private func send(_ frames: ByteBuffer) {
        guard let context = self.context else { return }
        self.environment.counts.bytesOut += frames.readableBytes
        self.deadlines.wrote(frames.readableBytes)
        context.writeAndFlush(self.wrapOutboundOut(frames), promise: nil)
    }

    /// Sends a close frame with the code, or with none.
    private func sendClose(code: UInt16?, reason: String) {
        var frame = ByteBuffer()
        if let code {
            WebSocketFrameHeader.writeClose(code: code, reason: reason, into: &frame)
        } else {
            WebSocketFrameHeader.write(payloadLength: 0, opcode: .close, into: &frame)
        }
        self.send(frame)
        self.deadlines.closing(at: self.environment.registry.now)
    }

    /// All is said: the session is told, our direction ends after what was written, and the client's end is awaited a while,
    /// so that a reset does not overtake the close frame.
    private func finish() {
        guard self.phase != .ended else { return }
        self.phase = .ended
        self.held = nil
        if self.isPaused {
            self.isPaused = false
            self.setAutoRead(true)
        }
        self.deadlines.closing(at: self.environment.registry.now)
        self.context?.close(mode: .output, promise: nil)
        self.endSession()
    }

    /// The connection is gone or goes now.
    private func end() {
        self.phase = .ended
        self.held = nil
        self.environment.registry.remove(self)
        self.admission.release()
        self.endSession()
    }

    private func endSession() {
        guard let session = self.session else { return }
        self.session = nil
        let registry = self.environment.registry
        self.environment.logger.info(
            "connection closed",
            metadata: self.metadata(cause: self.cause.isEmpty ? "lost" : self.cause).merging([
                "seconds": .stringConvertible((registry.now - self.openedAt) / 1_000),
                "frames_in": .stringConvertible(self.framesIn), "frames_out": .stringConvertible(self.framesOut),
            ]) { $1 })
        // In a turn of its own: a write that fails can end the connection while the session is still writing.
        self.eventLoop.assumeIsolated().execute { session.disconnected() }
    }

    private func setAutoRead(_ value: Bool) {
        guard let context = self.context else { return }
        context.channel.setOption(.autoRead, value: value).assumeIsolated().whenFailure { error in
            self.environment.logger.debug("autoRead failed", metadata: self.metadata(cause: "\(error)"))
        }
    }

    private func waitingBytes() -> Int {
        guard let options = self.context?.channel.syncOptions else { return 0 }
        return (try? options.getOption(.bufferedWritableBytes)) ?? 0
    }

    private func metadata(cause: String) -> Logger.Metadata {
        ["connection": "\(String(self.id, radix: 16))", "trace_id": "\(self.trace)", "cause": "\(cause)"]
    }

    private func metadata(of info: ConnectionInfo) -> Logger.Metadata {
        [
            "connection": "\(info.name)", "trace_id": "\(info.trace)", "address": "\(info.origin.address)",
            "agent": "\(info.origin.agent.prefix(100))", "subprotocol": "\(info.subprotocol.rawValue)",
        ]
    }
}
