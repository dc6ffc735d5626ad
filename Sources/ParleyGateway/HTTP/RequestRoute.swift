import HTTPTypes
package import Hummingbird
package import NIOCore
import ParleyDomain
package import ParleyEngine
package import ParleyWire

/// One request of the protocol over HTTP, answered by the frame that a socket would get: `POST /v1/request` (R113).
package struct RequestRoute: Sendable {
    /// For `HTTPErrors`.
    package static let methods: [String: [HTTPRequest.Method]] = ["/v1/request": [.post]]

    private let identify: @Sendable (Request) async throws -> Identity
    private let exchange: @Sendable (ByteBuffer, WireEncoding, Identity) async throws -> ExchangeReply

    /// - Parameters:
    ///   - identify: Whose access token a request carries.
    ///   - exchange: Answers the request; `Engine.exchange`.
    package init(
        identify: @escaping @Sendable (Request) async throws -> Identity,
        exchange: @escaping @Sendable (ByteBuffer, WireEncoding, Identity) async throws -> ExchangeReply
    ) {
        self.identify = identify
        self.exchange = exchange
    }

    package func add<Context: RequestContext>(to router: Router<Context>) {
        router.post("/v1/request") { request, _ in
            let identity = try await self.identify(request)
            let encoding = try Self.encoding(of: request)
            let reply = try await self.exchange(try await Self.body(of: request, encoding), encoding, identity)
            guard reply.body.readableBytes > 0 else { throw Refusal(.draining) }
            var fields = HTTPFields()
            fields[.contentType] = encoding == .json ? ErrorBody.contentType : Self.binaryType
            fields[.cacheControl] = "no-store"
            return Response(status: .init(code: reply.status), headers: fields, body: ResponseBody(byteBuffer: reply.body))
        }
    }

    /// The media type of the binary encoding.
    private static let binaryType = "application/cbor"

    private static func encoding(of request: Request) throws(Refusal) -> WireEncoding {
        let type = request.headers[.contentType]
        if AccountRoutes.isJSON(type) { return .json }
        guard AccountRoutes.essence(of: type) == self.binaryType else {
            throw Refusal(.badRequest, field: "content-type", rule: "application/json or application/cbor")
        }
        return .binary
    }

    /// What a socket would have checked before the engine sees it.
    private static func body(of request: Request, _ encoding: WireEncoding) async throws -> ByteBuffer {
        let refusal = Refusal(.frameTooLarge, field: "body", rule: "at most \(Limits.frameBytes) bytes")
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: Limits.frameBytes)
        } catch is NIOTooManyBytesError {
            throw refusal
        }
        guard encoding == .binary || String(validating: body.readableBytesView, as: UTF8.self) != nil else {
            throw Refusal(.badText, field: "body", rule: "valid UTF-8")
        }
        return body
    }
}
