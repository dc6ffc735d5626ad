import Hummingbird
import ParleyDomain

/// Something that must hold for the server to take and store messages.
package struct HealthCheck: Sendable {
    /// A word for machines.
    package var name: String
    package var holds: Bool

    package init(_ name: String, _ holds: Bool) {
        self.name = name
        self.holds = holds
    }
}

/// Whether the process lives and whether it is of use, which are two questions (F32): who restarts servers asks the first, who sends
/// clients to them the second.
///
/// | route | answer |
/// |---|---|
/// | GET /livez | 200, as long as the process answers |
/// | GET /readyz, /healthz | 200 while it takes and stores messages, else 503 with the checks that failed |
package struct HealthRoutes: Sendable {
    private let checks: @Sendable () -> [HealthCheck]

    package init(checks: @escaping @Sendable () -> [HealthCheck]) { self.checks = checks }

    /// - Parameter tellsAll: `?verbose` names what holds too: for operators, not for everybody.
    package func add(to routes: inout RouteTable, tellsAll: Bool = false) {
        routes.get("/livez") { _, _ in Response.json(#"{"status":"ok"}"#) }
        let ready: GatewayResponder = { request, _ in self.ready(isVerbose: tellsAll && request.uri.query == "verbose") }
        routes.get("/readyz", ready)
        routes.get("/healthz", ready)
    }

    private func ready(isVerbose: Bool) -> Response {
        let checks = self.checks()
        let failed = checks.filter { !$0.holds }.map { FlatJSON.quote($0.name) }
        var fields = [#""status":"ok""#]
        if !failed.isEmpty { fields = [#""status":"unavailable""#, #""failed":[\#(failed.joined(separator: ","))]"#] }
        if isVerbose {
            let all = checks.map { "\(FlatJSON.quote($0.name)):\($0.holds)" }
            fields.append(#""checks":{\#(all.joined(separator: ","))}"#)
        }
        return Response.json("{" + fields.joined(separator: ",") + "}", status: failed.isEmpty ? .ok : .serviceUnavailable)
    }
}
