import HTTPTypes
package import Logging
package import NIOCore
import NIOHTTP1
package import NIOPosix
import ParleyDomain
package import ParleyEngine
import ServiceLifecycle
import Synchronization

/// One port that serves HTTP and WebSocket: `listen` binds it, and what that gives runs until everyone has gone.
package struct GatewayServer: Sendable {
    private let core: GatewayCore
    private let group: MultiThreadedEventLoopGroup
    private let environments: [Environment]
    private let onQuiesce: @Sendable (any EventLoop) -> EventLoopFuture<Void>
    private let onListening: @Sendable (SocketAddress) -> Void

    /// An event loop with what its connections share. The environment is made and used on the loop only.
    private struct Environment: Sendable {
        var registry: LoopRegistry
        var sockets: NIOLoopBoundBox<SocketEnvironment?>
    }

    /// - Parameters:
    ///   - group: its event loops carry the connections; their number is the caller's choice. Not shut down here.
    ///   - sessions: makes the engine's side of each socket.
    ///   - routes: what is answered to requests that are not upgrades.
    ///   - onQuiesce: called on each event loop at the start of a graceful shutdown; its sockets are closed when the future
    ///     that it gives completes. The engine's chance to answer what was asked and to tell clients to come back.
    ///   - onListening: called once when it runs, with the address that it is bound to.
    package init(
        configuration: GatewayConfiguration, group: MultiThreadedEventLoopGroup, sessions: any SocketSessionFactory,
        logger: Logger,
        onQuiesce: @escaping @Sendable (any EventLoop) -> EventLoopFuture<Void> = { $0.makeSucceededVoidFuture() },
        onListening: @escaping @Sendable (SocketAddress) -> Void = { _ in }, routes: RouteTable
    ) {
        self.core = GatewayCore(configuration: configuration, logger: logger, responder: routes.respond)
        self.group = group
        self.onQuiesce = onQuiesce
        self.onListening = onListening
        let settings = configuration.socket
        self.environments = group.makeIterator().map { loop in
            let registry = LoopRegistry(eventLoop: loop)
            let box = NIOLoopBoundBox<SocketEnvironment?>.makeEmptyBox(valueType: SocketEnvironment.self, eventLoop: loop)
            loop.execute {
                box.value = SocketEnvironment(settings: settings, registry: registry, sessions: sessions, logger: logger)
            }
            return Environment(registry: registry, sockets: box)
        }
    }

    /// Connections now, sockets included.
    package var connections: Int { self.core.ledger.total }
    /// How many there may be.
    package var connectionsMax: Int { self.core.configuration.connectionCap }

    /// Asks each event loop for its numbers; complete when the last has answered.
    package func counts() -> EventLoopFuture<GatewayCounts> {
        let parts = self.environments.map { environment in
            environment.registry.eventLoop.submit { environment.sockets.value?.counts ?? GatewayCounts() }
        }
        return EventLoopFuture.reduce(into: GatewayCounts(), parts, on: self.group.next()) { $0.add($1) }
    }

    /// A server that is bound to its port. Connections are taken from then on, and requests are answered once it runs.
    package struct Listening: Service {
        fileprivate let server: GatewayServer
        fileprivate let channel: any Channel

        /// Until a graceful shutdown or a cancellation; returns when the last connection has ended, at the latest `drainSeconds` later.
        package func run() async { await self.server.run(self.channel) }
    }

    /// Binds the port. Throws what the system says where it cannot be had.
    package func listen() async throws -> Listening { Listening(server: self, channel: try await self.bind()) }

    private func run(_ listener: any Channel) async {
        for environment in self.environments { environment.registry.start() }
        if let address = listener.localAddress { self.onListening(address) }
        let core = self.core
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { tasks in
                for await job in core.jobs { tasks.addTask { await core.run(job) } }
                tasks.cancelAll()
            }
        } onCancelOrGracefulShutdown: {
            self.drain(listener)
        }
        for environment in self.environments { environment.registry.stop() }
    }

    private func bind() async throws -> any Channel {
        let configuration = self.core.configuration
        let marks = ChannelOptions.Types.WriteBufferWaterMark(
            low: configuration.writeLowWaterMark, high: configuration.writeHighWaterMark)
        return try await ServerBootstrap(group: self.group)
            .serverChannelOption(.backlog, value: configuration.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler())
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.writeBufferWaterMark, value: marks)
            // A channel keeps one buffer of the size that it last needed: small at first, and never large.
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 512, maximum: 8_192)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.prepare(channel) }
            }
            .bind(host: configuration.host, port: configuration.port)
            .get()
    }

    /// Sets up an accepted connection, on its event loop.
    private func prepare(_ channel: any Channel) throws {
        guard let environment = self.environments.first(where: { $0.registry.eventLoop === channel.eventLoop }),
            let sockets = environment.sockets.value
        else { throw ChannelError.inappropriateOperationForState }
        let configuration = self.core.configuration
        let peer = channel.remoteAddress.flatMap { IPAddress($0) }
        let isProxy = peer.map { self.core.clients.isProxy($0) } ?? false
        let key = isProxy ? nil : peer.map { AddressKey($0) }
        switch self.core.ledger.admit(key) {
        case .admitted: break
        case .full, .tooManyFromAddress:
            // Nothing that could be said before the handshake would be understood.
            guard configuration.tls == nil else { throw ChannelError.operationUnsupported }
            try channel.pipeline.syncOperations.addHandler(RefusingHandler())
            return
        }
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = configuration.http.headerFieldBytes
        limits.maxHeaderListSize = configuration.http.headerListBytes
        limits.maxHeaderFieldCount = configuration.http.headerFields
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits)
        let admission = Admission(ledger: self.core.ledger, key: key)
        let meter = RequestLineMeter()
        let connection = HTTPConnection(
            core: self.core, environment: sockets, peer: peer, meter: meter, admission: admission)
        let pipeline = channel.pipeline.syncOperations
        if let tls = configuration.tls { try pipeline.addHandler(tls.handler()) }
        try pipeline.addHandlers([meter, HTTPResponseEncoder(), ByteToMessageHandler(decoder), connection])
    }

    /// No new connections; those that there are end when they have nothing under way, or when the time is up.
    private func drain(_ listener: any Channel) {
        listener.close(promise: nil)
        let core = self.core
        let onQuiesce = self.onQuiesce
        let time = TimeAmount.seconds(core.configuration.drainSeconds)
        for environment in self.environments {
            let registry = environment.registry
            registry.eventLoop.execute {
                onQuiesce(registry.eventLoop).whenComplete { _ in registry.quiesce() }
            }
            registry.eventLoop.scheduleTask(in: time) { registry.cutAll() }
        }
        core.ledger.whenEmpty { core.finish() }
    }
}

/// Answers a connection that is one too many, without reading what it wants, and ends it.
final class RefusingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Connections being refused now, over all event loops: each holds a file for a moment.
    private static let refusing = Atomic<Int>(0)
    private static let mostAtOnce = 64
    private var isCounted = false

    private static let answer: ByteBuffer = {
        let response = GatheredResponse(Refusal(.tooManyConnections, retryMilliseconds: 5_000))
        let status = HTTPResponseStatus(statusCode: response.head.status.code)
        var answer = ByteBuffer(string: "HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\nConnection: close\r\n")
        for field in response.head.headerFields { answer.writeString("\(field.name.rawName): \(field.value)\r\n") }
        answer.writeString("\r\n")
        answer.writeImmutableBuffer(response.body)
        return answer
    }()

    func channelActive(context: ChannelHandlerContext) {
        guard Self.refusing.wrappingAdd(1, ordering: .relaxed).newValue <= Self.mostAtOnce else {
            Self.refusing.wrappingSubtract(1, ordering: .relaxed)
            return context.close(promise: nil)
        }
        self.isCounted = true
        context.writeAndFlush(self.wrapOutboundOut(Self.answer), promise: nil)
        context.close(mode: .output, promise: nil)
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(250)) { context.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelInactive(context: ChannelHandlerContext) {
        guard self.isCounted else { return }
        self.isCounted = false
        Self.refusing.wrappingSubtract(1, ordering: .relaxed)
    }
}
