import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import Synchronization

/// What a scripted server does with a text that comes: texts to answer, and whether to break the connection instead.
enum ServerMove: Sendable {
    case say([String])
    case cut
    case close(UInt16)
}

/// A WebSocket server on the loopback that says what a test wants.
final class ScriptedServer: Sendable {
    typealias Script = @Sendable (_ connection: Int, _ text: String) -> ServerMove

    let port: Int
    private let channel: any Channel

    /// - Parameters:
    ///   - greeting: Said at once on every connection, in the packet that agrees to the upgrade where the kernel likes.
    ///   - subprotocol: What the server agrees to.
    static func start(
        on port: Int = 0, greeting: [String] = [], subprotocol: String = "parley.json.1", tls: NIOSSLContext? = nil,
        script: @escaping Script
    ) async throws -> ScriptedServer {
        let box = Counter()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                let upgrader = NIOWebSocketServerUpgrader(
                    shouldUpgrade: { channel, _ in
                        channel.eventLoop.makeSucceededFuture(["sec-websocket-protocol": subprotocol])
                    },
                    upgradePipelineHandler: { channel, _ in
                        channel.eventLoop.makeCompletedFuture {
                            let handler = ScriptHandler(connection: box.next(), greeting: greeting, script: script)
                            let pipeline = channel.pipeline.syncOperations
                            pipeline.removeHandler(context: try pipeline.context(handlerType: NoSocket.self), promise: nil)
                            try pipeline.addHandler(handler)
                        }
                    })
                return channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withServerUpgrade: (upgraders: [upgrader], completionHandler: { _ in }))
                    try channel.pipeline.syncOperations.addHandler(NoSocket())
                }
            }
            .bind(host: "0.0.0.0", port: port).get()
        return ScriptedServer(channel: channel, counter: box)
    }

    private let counter: Counter

    private init(channel: any Channel, counter: Counter) {
        self.channel = channel
        self.port = channel.localAddress?.port ?? 0
        self.counter = counter
    }

    var connectionCount: Int { self.counter.value }

    func stop() async throws { try await self.channel.close() }
}

final class Counter: Sendable {
    private let count = Mutex(0)
    func next() -> Int {
        self.count.withLock {
            $0 += 1
            return $0
        }
    }
    var value: Int { self.count.withLock { $0 } }
}

/// Answers plain requests: 418, so that a test can tell.
private final class NoSocket: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .end = self.unwrapInboundIn(data) else { return }
        let headers = HTTPHeaders([("content-length", "2")])
        context.write(
            self.wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .imATeapot, headers: headers))), promise: nil)
        context.write(self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: "no")))), promise: nil)
        context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
    }
}

private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    let connection: Int
    let greeting: [String]
    let script: ScriptedServer.Script

    init(connection: Int, greeting: [String], script: @escaping ScriptedServer.Script) {
        self.connection = connection
        self.greeting = greeting
        self.script = script
    }

    func handlerAdded(context: ChannelHandlerContext) { self.say(self.greeting, context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = self.unwrapInboundIn(data)
        switch frame.opcode {
        case .text:
            switch self.script(self.connection, String(buffer: frame.unmaskedData)) {
            case .say(let texts): self.say(texts, context)
            case .cut: context.close(promise: nil)
            case .close(let code):
                var data = ByteBuffer()
                data.writeInteger(code)
                context.writeAndFlush(
                    self.wrapOutboundOut(WebSocketFrame(fin: true, opcode: .connectionClose, data: data)), promise: nil)
            }
        case .connectionClose:
            context.writeAndFlush(
                self.wrapOutboundOut(WebSocketFrame(fin: true, opcode: .connectionClose, data: frame.unmaskedData)), promise: nil)
            context.close(promise: nil)
        default: return
        }
    }

    /// In two fragments each, with a ping between them: a client must put them together and answer.
    private func say(_ texts: [String], _ context: ChannelHandlerContext) {
        for text in texts {
            let bytes = Array(text.utf8)
            let half = bytes.count / 2
            let frames = [
                WebSocketFrame(fin: false, opcode: .text, data: ByteBuffer(bytes: bytes[..<half])),
                WebSocketFrame(fin: true, opcode: .ping, data: ByteBuffer(string: "p")),
                WebSocketFrame(fin: true, opcode: .continuation, data: ByteBuffer(bytes: bytes[half...])),
            ]
            for frame in frames { context.write(self.wrapOutboundOut(frame), promise: nil) }
        }
        context.flush()
    }
}
