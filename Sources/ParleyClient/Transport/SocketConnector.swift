import NIOCore
package import NIOHTTP1
import NIOWebSocket

/// Opens WebSockets to one server.
package struct SocketConnector: Sendable {
    package var address: ServerAddress
    /// Of the socket, behind the address's own path.
    package var path = "/v1/ws"
    /// What the server must agree to; empty asks for none.
    package var subprotocol: String
    package var headers = HTTPHeaders()
    package var tls = ClientTLS()
    /// How long TCP, TLS and the upgrade may take together, in milliseconds.
    package var milliseconds: Int64 = 10_000

    package init(_ address: ServerAddress, subprotocol: String = "parley.json.1") {
        self.address = address
        self.subprotocol = subprotocol
    }

    /// Completes with the channel once the server has agreed. `opened` is called on the loop before the first message.
    func connect(
        on loop: any EventLoop, opened: @escaping @Sendable (any Channel) -> Void = { _ in },
        receive: @escaping @Sendable (SocketMessage) -> Void
    ) -> EventLoopFuture<any Channel> {
        let upgraded = loop.makePromise(of: (any Channel).self)
        let wanted = self.subprotocol
        let upgrader = NIOTypedWebSocketClientUpgrader<Bool>(maxFrameSize: SocketFrames.messageBytes) { channel, head in
            channel.eventLoop.makeCompletedFuture {
                guard wanted.isEmpty || head.headers.first(name: "sec-websocket-protocol") == wanted else {
                    throw ConnectFailure("The server does not speak \(wanted).", status: 101)
                }
                opened(channel)
                try channel.pipeline.syncOperations.addHandler(SocketFrames(receive: receive))
                return true
            }
        }
        let configuration = NIOUpgradableHTTPClientPipelineConfiguration(
            upgradeConfiguration: self.upgrade(by: upgrader, upgraded))
        let connected = self.address.connect(on: loop, tls: self.tls, milliseconds: self.milliseconds) { channel in
            var configuration = configuration
            // The server's first frame may have come in the packet of its answer.
            configuration.leftOverBytesStrategy = .forwardBytes
            let result = try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(configuration: configuration)
            result.whenFailure { upgraded.fail(self.address.failure(of: $0)) }
            result.whenSuccess { if $0 { upgraded.succeed(channel) } }
            channel.closeFuture.whenComplete { _ in
                upgraded.fail(ConnectFailure("The server ended the connection before it was open."))
            }
        }
        connected.whenFailure { upgraded.fail($0) }
        connected.whenSuccess { channel in
            let deadline = channel.eventLoop.scheduleTask(in: .milliseconds(self.milliseconds)) {
                upgraded.fail(ConnectFailure("\(self.address.authority) did not open the socket within \(self.milliseconds) ms."))
            }
            upgraded.futureResult.whenComplete { result in
                deadline.cancel()
                if case .failure = result { channel.close(promise: nil) }
            }
        }
        return upgraded.futureResult
    }

    private func upgrade(
        by upgrader: NIOTypedWebSocketClientUpgrader<Bool>, _ upgraded: EventLoopPromise<any Channel>
    ) -> NIOTypedHTTPClientUpgradeConfiguration<Bool> {
        var headers = self.headers
        headers.replaceOrAdd(name: "host", value: self.address.authority)
        headers.replaceOrAdd(name: "content-length", value: "0")
        if !self.subprotocol.isEmpty { headers.replaceOrAdd(name: "sec-websocket-protocol", value: self.subprotocol) }
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: self.address.path + self.path, headers: headers)
        return NIOTypedHTTPClientUpgradeConfiguration(upgradeRequestHead: head, upgraders: [upgrader]) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(RefusedUpgrade(upgraded))
                return false
            }
        }
    }
}

/// Takes the answer of a server that does not open a socket: its status says why.
private final class RefusedUpgrade: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let promise: EventLoopPromise<any Channel>

    init(_ promise: EventLoopPromise<any Channel>) { self.promise = promise }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = self.unwrapInboundIn(data) else { return }
        let status = Int(head.status.code)
        self.promise.fail(ConnectFailure("The server answered \(status) in the place of a socket.", status: status))
        context.close(promise: nil)
    }
}
