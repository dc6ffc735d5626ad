import HTTPTypes
package import Hummingbird
import Logging
import NIOCore
package import ParleyDomain
import ParleyWire

extension Response {
    /// An answer that no cache keeps and no browser guesses the type of.
    /// - Parameter retryMilliseconds: When to come back; 0 where nobody says.
    static func api(
        _ body: ByteBuffer, status: HTTPResponse.Status = .ok, type: String = "application/json", retryMilliseconds: Int = 0
    ) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = type
        headers[.cacheControl] = "no-store"
        // RFC 9110, 11.6.1 and 10.2.3: whole seconds, rounded up, or the client comes too early.
        if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
        if retryMilliseconds > 0 { headers[.retryAfter] = "\((retryMilliseconds - 1) / 1_000 + 1)" }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: body))
    }

    static func json(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
        Self.api(ByteBuffer(string: text), status: status)
    }
}

extension Refusal {
    /// The same JSON object that a socket is sent, with `field`, `rule` and `retry_ms` where there is something to say:
    /// `{"type":"error","code":40302,"name":"origin_not_allowed","message":"...","retry":"never"}`.
    var body: ByteBuffer {
        var body = ByteBuffer()
        body.writeError(id: nil, self)
        return body
    }

    /// A refusal is its own answer: the status of the table, and the JSON object.
    package var response: Response {
        .api(self.body, status: .init(code: self.code.httpStatus), retryMilliseconds: self.retryMilliseconds)
    }

    /// What a client is told of an error that nobody thought of: nothing but the trace by which its log line is found (A49).
    static func unforeseen(_ error: any Error, _ logger: Logger) -> Refusal {
        // Its text may quote the request: only the type is logged (A50).
        logger.error("request failed", metadata: ["error": "\(type(of: error))"])
        return Refusal(.internalError, rule: logger[metadataKey: "trace_id"].map { "trace_id \($0)" } ?? "")
    }
}
