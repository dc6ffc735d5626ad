package import NIOCore
import NIOWebSocket

/// What comes over a WebSocket, whole messages only.
package enum SocketMessage: Sendable, Equatable {
    case text(ByteBuffer)
    case binary(ByteBuffer)
    case pong(ByteBuffer)
    /// The last of all. 1005 where the server named no code, 1006 where the connection just ended (RFC 6455, 7.1.5).
    case closed(code: UInt16, reason: String)
}

/// What a client can say over a WebSocket.
package enum SocketOutput: Sendable {
    case text(ByteBuffer)
    case binary(ByteBuffer)
    case ping(ByteBuffer)
    case close(code: UInt16)
}

/// Stands behind NIO's frame codec: puts fragments together, answers pings and closes, masks what goes out. Confined to its loop.
final class SocketFrames: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundIn = SocketOutput
    typealias OutboundOut = WebSocketFrame

    /// The longest message that is taken, in bytes: a sync of a hundred conversations with their entries fits.
    static let messageBytes = 33_554_432

    private let receive: (SocketMessage) -> Void
    private var opcode: WebSocketOpcode?
    private var parts = ByteBuffer()
    private var hasEnded = false
    private var isPaused = false
    private var isReadPending = false

    init(receive: @escaping (SocketMessage) -> Void) { self.receive = receive }

    // MARK: In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = self.unwrapInboundIn(data)
        switch frame.opcode {
        case .ping:
            context.writeAndFlush(self.wrapOutboundOut(Self.frame(.pong, frame.unmaskedData)), promise: nil)
        case .pong: self.receive(.pong(frame.unmaskedData))
        case .connectionClose: self.closed(frame.unmaskedData, context)
        case .text, .binary:
            guard self.opcode == nil else { return self.fail(.protocolError, context) }
            self.opcode = frame.opcode
            self.take(frame, context)
        case .continuation:
            guard self.opcode != nil else { return self.fail(.protocolError, context) }
            self.take(frame, context)
        default: self.fail(.protocolError, context)
        }
    }

    private func take(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) {
        var part = frame.unmaskedData
        guard self.parts.readableBytes + part.readableBytes <= Self.messageBytes else {
            return self.fail(.messageTooLarge, context)
        }
        if frame.fin, self.parts.readableBytes == 0 { self.parts = part } else { self.parts.writeBuffer(&part) }
        guard frame.fin, let opcode = self.opcode else { return }
        let message = self.parts
        self.parts = ByteBuffer()
        self.opcode = nil
        guard !self.hasEnded else { return }
        if opcode == .binary { return self.receive(.binary(message)) }
        guard String(validating: message.readableBytesView, as: UTF8.self) != nil else {
            return self.fail(.dataInconsistentWithMessage, context)
        }
        self.receive(.text(message))
    }

    private func closed(_ data: ByteBuffer, _ context: ChannelHandlerContext) {
        var data = data
        let code = data.readInteger(as: UInt16.self) ?? 1_005
        let reason = String(validating: data.readableBytesView, as: UTF8.self) ?? ""
        var echo = ByteBuffer()
        if code != 1_005 { echo.writeInteger(code) }
        self.end(code, reason)
        let written = context.eventLoop.makePromise(of: Void.self)
        let channel = context.channel
        written.futureResult.whenComplete { _ in channel.close(promise: nil) }
        context.writeAndFlush(self.wrapOutboundOut(Self.frame(.connectionClose, echo)), promise: written)
    }

    private func fail(_ code: WebSocketErrorCode, _ context: ChannelHandlerContext) {
        self.end(1_006, "")
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code)
        context.writeAndFlush(self.wrapOutboundOut(Self.frame(.connectionClose, data)), promise: nil)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.end(1_006, "")
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.end(1_006, "")
        context.close(promise: nil)
    }

    private func end(_ code: UInt16, _ reason: String) {
        guard !self.hasEnded else { return }
        self.hasEnded = true
        self.receive(.closed(code: code, reason: reason))
    }

    // MARK: Out

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let frame: WebSocketFrame
        switch self.unwrapOutboundIn(data) {
        case .text(let text): frame = Self.frame(.text, text)
        case .binary(let bytes): frame = Self.frame(.binary, bytes)
        case .ping(let bytes): frame = Self.frame(.ping, bytes)
        case .close(let code):
            var data = ByteBuffer()
            data.writeInteger(code)
            frame = Self.frame(.connectionClose, data)
        }
        context.write(self.wrapOutboundOut(frame), promise: promise)
    }

    private static func frame(_ opcode: WebSocketOpcode, _ data: ByteBuffer) -> WebSocketFrame {
        WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)
    }

    // MARK: Pace

    /// Stops and starts reading from the socket: who does not keep up lets the server's bytes wait in the kernel.
    func pause(_ paused: Bool, context: ChannelHandlerContext) {
        self.isPaused = paused
        guard !paused, self.isReadPending else { return }
        self.isReadPending = false
        context.read()
    }

    func read(context: ChannelHandlerContext) {
        if self.isPaused { self.isReadPending = true } else { context.read() }
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard let pace = event as? SocketPace else { return context.triggerUserOutboundEvent(event, promise: promise) }
        self.pause(pace == .paused, context: context)
        promise?.succeed()
    }
}

/// Asks a socket's pipeline to stop reading, or to go on.
enum SocketPace: Sendable {
    case paused
    case reading
}
