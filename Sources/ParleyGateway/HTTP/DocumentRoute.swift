package import HTTPTypes
package import Hummingbird
import ParleyDomain

/// The description of the calls for machines: `GET /v1/openapi.json` (B11). Made once, at the start; a browser that has it asks
/// only whether it changed.
package struct DocumentRoute: Sendable {
    private static let path = "/v1/openapi.json"

    /// For `HTTPErrors`.
    package static let methods: [String: [HTTPRequest.Method]] = [path: [.get]]

    private let document: StaticAssets

    package init(openAPI text: String) { self.document = StaticAssets(files: [String(Self.path.dropFirst()): text]) }

    package func add<Context: RequestContext>(to router: Router<Context>) {
        router.get("/v1/openapi.json") { request, _ in
            guard let response = self.document.response(to: request) else { throw Refusal(.notFound) }
            return response
        }
    }
}
