package import NIOCore
package import ParleyDomain

/// An error as HTTP clients are told it: the same object that sockets get, as JSON.
package enum ErrorBody {
    package static let contentType = "application/json; charset=utf-8"

    /// `{"type":"error","code":40302,"name":"origin_not_allowed","message":"...","retry":"never"}`, with `field` and
    /// `retry_ms` where the refusal has them.
    package static func json(_ refusal: Refusal) -> ByteBuffer {
        var text = #"{"type":"error","code":\#(refusal.code.rawValue),"name":"\#(refusal.code.name)","message":"#
        text += Self.quoted(refusal.message)
        if !refusal.field.isEmpty { text += #","field":"# + Self.quoted(refusal.field) }
        text += #","retry":"\#(refusal.code.retry.rawValue)""#
        if refusal.retryMilliseconds > 0 { text += #","retry_ms":\#(refusal.retryMilliseconds)"# }
        text += "}"
        return ByteBuffer(string: text)
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

    /// A JSON string of the text, in ASCII quotes.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{0}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
