import HTTPTypes
import Hummingbird
import NIOCore

/// What the operators' own listener answers, and nothing else (A49): the numbers of the server, and how it is.
///
/// | route | answer |
/// |---|---|
/// | GET /metrics | the text format of Prometheus, version 0.0.4 |
/// | GET /livez, /readyz, /healthz | as `HealthRoutes`; `?verbose` lists every check |
package struct OperatorRoutes: Sendable {
    private let health: HealthRoutes
    private let metrics: @Sendable () async throws -> String

    /// - Parameter metrics: the whole text, measured when it is asked for.
    package init(health: HealthRoutes, metrics: @escaping @Sendable () async throws -> String) {
        self.health = health
        self.metrics = metrics
    }

    package func add(to routes: inout RouteTable) {
        self.health.add(to: &routes, tellsAll: true)
        routes.get("/metrics") { _, _ in
            var headers = HTTPFields()
            headers[.contentType] = "text/plain; version=0.0.4; charset=utf-8"
            headers[.cacheControl] = "no-store"
            let text = try await self.metrics()
            return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        }
    }
}
