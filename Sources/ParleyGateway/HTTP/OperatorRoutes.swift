import HTTPTypes
import Hummingbird
import NIOCore
import ParleyDomain

/// What the operators' own listener answers, and nothing else (A49): the numbers of the server, and how it is.
///
/// | route | answer |
/// |---|---|
/// | GET /metrics | the text format of Prometheus, version 0.0.4 |
/// | GET /livez, /readyz, /readyz?verbose | as `HealthRoutes`; verbose lists every check |
package struct OperatorRoutes: Sendable {
    private let health: HealthRoutes
    private let metrics: @Sendable () async throws -> String

    /// - Parameter metrics: the whole text, measured when it is asked for.
    package init(health: HealthRoutes, metrics: @escaping @Sendable () async throws -> String) {
        self.health = health
        self.metrics = metrics
    }

    package var responder: GatewayResponder {
        { request, _ in
            let path = request.uri.path
            guard ["/metrics", "/livez", "/readyz"].contains(path) else { throw Refusal(.notFound) }
            guard request.method == .get else { throw Refusal(.methodNotAllowed, rule: "GET") }
            switch path {
            case "/livez": return HealthRoutes.alive
            case "/readyz": return self.health.ready(isVerbose: request.uri.query == "verbose")
            default: return Self.text(try await self.metrics())
            }
        }
    }

    private static func text(_ text: String) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = "text/plain; version=0.0.4; charset=utf-8"
        headers[.cacheControl] = "no-store"
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
