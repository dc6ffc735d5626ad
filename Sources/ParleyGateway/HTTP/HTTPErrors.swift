package import HTTPTypes
package import Hummingbird
import Logging
import NIOCore
package import ParleyDomain

/// A refusal is its own answer: the status of the table, and the same JSON object that a socket is sent.
extension Refusal: HTTPResponseError {
    package var status: HTTPResponse.Status { HTTPResponse.Status(code: self.code.httpStatus) }

    package func response(from request: Request, context: some RequestContext) -> Response { self.response }

    var response: Response {
        var response = Response.json(ErrorBody.json(self), status: self.status)
        if self.status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
        if self.retryMilliseconds > 0 { response.headers[.retryAfter] = "\((self.retryMilliseconds - 1) / 1_000 + 1)" }
        return response
    }
}

extension Refusal {
    /// What a client is told of an error that nobody thought of: nothing but the trace by which its log line is found (A49).
    static func unforeseen(_ error: any Error, _ logger: Logger) -> Refusal {
        // Its text may quote the request: only the type is logged (A50).
        logger.error("request failed", metadata: ["error": "\(type(of: error))"])
        return Refusal(.internalError, rule: logger[metadataKey: "trace_id"].map { "trace_id \($0)" } ?? "")
    }
}

extension Response {
    /// An answer that no cache keeps and no browser guesses the type of.
    static func json(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
        Self.json(ByteBuffer(string: text), status: status)
    }

    static func json(_ body: ByteBuffer, status: HTTPResponse.Status) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = "application/json"
        headers[.cacheControl] = "no-store"
        headers[.xContentTypeOptions] = "nosniff"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: body))
    }
}

/// Gives every error of a router the JSON form: an unknown path, a wrong method, and what nobody thought of (a plain 500:
/// A49). To be added to the router before its routes.
package struct HTTPErrors<Context: RequestContext>: RouterMiddleware {
    private let methods: [String: [HTTPRequest.Method]]

    /// - Parameter methods: the methods of each path, for 405 and `allow`. Other paths that are not found are 404.
    package init(methods: [String: [HTTPRequest.Method]]) { self.methods = methods }

    package func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let refusal as Refusal {
            return refusal.response
        } catch let error as HTTPError {
            return self.response(to: error, request)
        } catch is NIOTooManyBytesError {
            return Refusal(.frameTooLarge, field: "body").response
        } catch let error as CancellationError {
            throw error
        } catch {
            return Refusal.unforeseen(error, context.logger).response
        }
    }

    private func response(to error: HTTPError, _ request: Request) -> Response {
        if error.status == .notFound, let allowed = self.methods[request.uri.path], !allowed.contains(request.method) {
            var response = Refusal(.methodNotAllowed).response
            response.headers[.allow] = allowed.map(\.rawValue).joined(separator: ", ")
            return response
        }
        let code: ErrorCode =
            switch error.status.code {
            case 404: .notFound
            case 405: .methodNotAllowed
            case 408: .timeout
            case 413: .frameTooLarge
            case 414: .uriTooLong
            case 431: .headersTooLarge
            case 400..<500: .badRequest
            case 503: .unavailable
            default: .internalError
            }
        return Refusal(code).response
    }
}
