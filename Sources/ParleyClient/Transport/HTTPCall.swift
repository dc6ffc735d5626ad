package import NIOCore
package import NIOHTTP1

/// One HTTP request to a server, on a connection of its own.
package struct HTTPCall: Sendable {
    package var method: HTTPMethod
    /// Begins with a slash; stands behind the address's own path.
    package var path: String
    /// JSON; none is sent where it is empty.
    package var body: [UInt8]
    package var bearer: String?
    package var headers: HTTPHeaders

    /// The longest answer that is read, in bytes.
    package static let answerBytes = 16_777_216

    package init(
        _ method: HTTPMethod, _ path: String, body: [UInt8] = [], bearer: String? = nil, headers: HTTPHeaders = HTTPHeaders()
    ) {
        self.method = method
        self.path = path
        self.body = body
        self.bearer = bearer
        self.headers = headers
    }
}

package struct HTTPAnswer: Sendable {
    package var status: Int
    package var headers: HTTPHeaders
    package var body: ByteBuffer
}

extension ServerAddress {
    /// Makes the request; the connection is closed afterwards.
    ///
    /// - Parameter milliseconds: How long all of it may take.
    package func perform(
        _ call: HTTPCall, on loop: any EventLoop, tls: ClientTLS = ClientTLS(), milliseconds: Int64 = 30_000
    ) -> EventLoopFuture<HTTPAnswer> {
        let promise = loop.makePromise(of: HTTPAnswer.self)
        let connected = self.connect(on: loop, tls: tls, milliseconds: milliseconds) { channel in
            try channel.pipeline.syncOperations.addHTTPClientHandlers()
            try channel.pipeline.syncOperations.addHandler(AnswerHandler(promise: promise, address: self))
        }
        connected.whenFailure { promise.fail($0) }
        connected.whenSuccess { channel in
            let deadline = channel.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) {
                promise.fail(ConnectFailure("\(self.authority) did not answer within \(milliseconds) ms."))
                channel.close(promise: nil)
            }
            promise.futureResult.whenComplete { _ in deadline.cancel() }
            self.write(call, to: channel)
        }
        return promise.futureResult
    }

    private func write(_ call: HTTPCall, to channel: any Channel) {
        var headers = call.headers
        headers.replaceOrAdd(name: "host", value: self.authority)
        headers.replaceOrAdd(name: "connection", value: "close")
        if let bearer = call.bearer { headers.replaceOrAdd(name: "authorization", value: "Bearer \(bearer)") }
        if !call.body.isEmpty || call.method == .POST {
            headers.replaceOrAdd(name: "content-length", value: "\(call.body.count)")
            if !headers.contains(name: "content-type") { headers.add(name: "content-type", value: "application/json") }
        }
        let head = HTTPRequestHead(version: .http1_1, method: call.method, uri: self.path + call.path, headers: headers)
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        if !call.body.isEmpty {
            channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: call.body))), promise: nil)
        }
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
    }
}

/// Gathers one answer, up to `HTTPCall.answerBytes`.
private final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private var promise: EventLoopPromise<HTTPAnswer>?
    private let address: ServerAddress
    private var answer = HTTPAnswer(status: 0, headers: HTTPHeaders(), body: ByteBuffer())

    init(promise: EventLoopPromise<HTTPAnswer>, address: ServerAddress) {
        self.promise = promise
        self.address = address
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            self.answer.status = Int(head.status.code)
            self.answer.headers = head.headers
        case .body(var part):
            guard self.answer.body.readableBytes + part.readableBytes <= HTTPCall.answerBytes else {
                return self.fail(ConnectFailure("The answer is longer than \(HTTPCall.answerBytes) bytes."), context)
            }
            self.answer.body.writeBuffer(&part)
        case .end:
            self.promise?.succeed(self.answer)
            self.promise = nil
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { self.fail(error, context) }

    func channelInactive(context: ChannelHandlerContext) {
        self.fail(ConnectFailure("The connection broke before the answer was whole."), context)
    }

    private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
        self.promise?.fail(self.address.failure(of: error))
        self.promise = nil
        context.close(promise: nil)
    }
}
