import HTTPTypes
package import Hummingbird
import ParleyDomain

/// What a listener answers, by path and method.
///
/// A path has one spelling. Written in another way (`//livez`, `/livez/`, `/%6Civez`) it is not there: a proxy's rule about a path holds
/// for all that gets to its route. HEAD is answered where GET is (RFC 9110, 9.1); the connection leaves the body away.
package struct RouteTable: Sendable {
    private var routes: [String: [HTTPRequest.Method: GatewayResponder]] = [:]

    package init() {}

    package mutating func get(_ path: String, _ answer: @escaping GatewayResponder) {
        self.routes[path, default: [:]][.get] = answer
    }

    package mutating func post(_ path: String, _ answer: @escaping GatewayResponder) {
        self.routes[path, default: [:]][.post] = answer
    }

    /// - Throws: `notFound`, or what the route throws.
    package func respond(to request: Request, in context: GatewayRequestContext) async throws -> Response {
        let target = request.head.path ?? ""
        guard let methods = self.routes[String(target.prefix { $0 != "?" })] else { throw Refusal(.notFound) }
        if let answer = methods[request.method == .head ? .get : request.method] { return try await answer(request, context) }
        var response = Refusal(.methodNotAllowed).response
        response.headers[.allow] = methods.keys.map { $0 == .get ? "GET, HEAD" : $0.rawValue }.sorted().joined(separator: ", ")
        return response
    }
}
