package import NIOCore
package import ParleyDomain
import ParleyWire

/// An error as HTTP clients are told it: the same object that sockets get, as JSON.
package enum ErrorBody {
    package static let contentType = "application/json; charset=utf-8"

    /// `{"type":"error","code":40302,"name":"origin_not_allowed","message":"...","retry":"never"}`, with `field`, `rule` and
    /// `retry_ms` where the refusal has them.
    package static func json(_ refusal: Refusal) -> ByteBuffer {
        var body = ByteBuffer()
        body.writeError(id: nil, refusal)
        return body
    }

    /// The error that says most for an HTTP status that something else chose, such as the router's 404.
    package static func code(forStatus status: Int) -> ErrorCode {
        switch status {
        case 401: .notAuthenticated
        case 403: .forbidden
        case 404: .notFound
        case 405: .methodNotAllowed
        case 408: .timeout
        case 413: .frameTooLarge
        case 414: .uriTooLong
        case 429: .rateLimited
        case 431: .headersTooLarge
        case 503: .unavailable
        case 500...: .internalError
        default: .badRequest
        }
    }
}
