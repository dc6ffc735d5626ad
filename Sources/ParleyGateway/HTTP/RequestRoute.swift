package import Hummingbird
package import NIOCore
import ParleyDomain
package import ParleyEngine
package import ParleyWire

/// One request of the protocol over HTTP, answered by the frame that a socket would get (R113): `POST /v1/request` with the whole
/// frame, or `POST /v1/requests/{type}` with its other fields.
package struct RequestRoute: Sendable {
    private let types: [String]
    private let identify: @Sendable (Request) async throws -> Identity
    private let exchange: @Sendable (ByteBuffer, WireEncoding, Identity) async throws -> ExchangeReply

    /// - Parameters:
    ///   - types: The requests that have a path of their own.
    ///   - identify: Whose access token a request carries.
    ///   - exchange: Answers the request; `Engine.exchange`.
    package init(
        types: [String], identify: @escaping @Sendable (Request) async throws -> Identity,
        exchange: @escaping @Sendable (ByteBuffer, WireEncoding, Identity) async throws -> ExchangeReply
    ) {
        self.types = types
        self.identify = identify
        self.exchange = exchange
    }

    package func add(to routes: inout RouteTable) {
        routes.post("/v1/request") { request, _ in
            let identity = try await self.identify(request)
            let encoding = try Self.encoding(of: request)
            return try await self.answer(try await Self.body(of: request, encoding), encoding, identity)
        }
        for type in self.types {
            routes.post("/v1/requests/" + type) { request, _ in
                let identity = try await self.identify(request)
                guard try Self.encoding(of: request) == .json else {
                    throw Refusal(.unsupportedMediaType, field: "content-type", rule: "application/json")
                }
                let body = try await Self.body(of: request, .json)
                return try await self.answer(try TypedRequest.frame(type, body), .json, identity)
            }
        }
    }

    private func answer(_ frame: ByteBuffer, _ encoding: WireEncoding, _ identity: Identity) async throws -> Response {
        let reply = try await self.exchange(frame, encoding, identity)
        guard reply.body.readableBytes > 0 else { throw Refusal(.draining) }
        return Response.api(
            reply.body, status: .init(code: reply.status), type: encoding == .json ? "application/json" : Self.binaryType,
            retryMilliseconds: reply.retryMilliseconds)
    }

    /// The media type of the binary encoding.
    private static let binaryType = "application/cbor"

    private static func encoding(of request: Request) throws(Refusal) -> WireEncoding {
        let type = request.headers[.contentType]
        if AccountRoutes.isJSON(type) { return .json }
        guard AccountRoutes.essence(of: type) == self.binaryType else {
            throw Refusal(.unsupportedMediaType, field: "content-type", rule: "application/json or application/cbor")
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
