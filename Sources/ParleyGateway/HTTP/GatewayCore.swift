import HTTPTypes
package import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import ParleyDomain
import ParleyEngine
import Synchronization

/// Answers a request. Errors are turned into JSON by the server.
package typealias GatewayResponder = @Sendable (Request, GatewayRequestContext) async throws -> Response

/// A response whose body has been gathered.
struct GatheredResponse: Sendable {
    var head: HTTPResponse
    var body: ByteBuffer

    init(head: HTTPResponse, body: ByteBuffer = ByteBuffer()) {
        self.head = head
        self.body = body
    }

    /// An error as JSON, with headers besides, each as a name and a value.
    init(_ refusal: Refusal) {
        var fields = HTTPFields()
        fields[.contentType] = ErrorBody.contentType
        fields[.cacheControl] = "no-store"
        if refusal.retryMilliseconds > 0 {
            fields[.retryAfter] = "\((refusal.retryMilliseconds + 999) / 1_000)"
        }
        self.head = HTTPResponse(status: .init(code: refusal.code.httpStatus), headerFields: fields)
        self.body = ErrorBody.json(refusal)
    }
}

/// A request on its way to the responder, and the way back to its connection.
struct RequestJob: Sendable {
    var request: Request
    /// The request as logs name it: its connection, and which one on it.
    var name: String
    var trace: TraceID
    var origin: Origin
    var connection: NIOLoopBound<HTTPConnection>
    var answers: AnswerTurns
}

/// What all connections share: settings, counts, and the way to the tasks that answer requests. Immutable.
package final class GatewayCore: Sendable {
    let configuration: GatewayConfiguration
    let ledger: ConnectionLedger
    let logger: Logger
    let responder: GatewayResponder
    let jobs: AsyncStream<RequestJob>
    private let continuation: AsyncStream<RequestJob>.Continuation
    /// Connection ids count up from a start that differs between processes.
    private let lastID = Atomic<UInt64>(UInt64.random(in: 1...0xFFFF_FFFF) << 32)

    init(configuration: GatewayConfiguration, logger: Logger, responder: @escaping GatewayResponder) {
        self.configuration = configuration
        self.ledger = ConnectionLedger(
            maximum: configuration.connectionCap, perAddressMaximum: configuration.connectionsPerAddressBeforeLogin)
        self.logger = logger
        self.responder = responder
        // Bounded by the connections: each has one request at a time.
        (self.jobs, self.continuation) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
    }

    func nextID() -> UInt64 { self.lastID.wrappingAdd(1, ordering: .relaxed).newValue }

    func submit(_ job: RequestJob) { self.continuation.yield(job) }

    /// No more requests come: the server's task group may end.
    func finish() { self.continuation.finish() }

    /// Answers one request and hands the answer to its connection. Never throws: every error becomes a response (R119).
    func run(_ job: RequestJob) async {
        job.answers.add(await self.respond(to: job), to: job.connection)
    }

    private func respond(to job: RequestJob) async -> GatheredResponse {
        var logger = self.logger
        logger[metadataKey: "request"] = "\(job.name)"
        logger[metadataKey: "trace_id"] = "\(job.trace)"
        let context = GatewayRequestContext(source: .init(logger: logger, origin: job.origin))
        let response = await self.respond(to: job, context)
        logger.debug("request answered", metadata: ["status": .stringConvertible(response.head.status.code)])
        return response
    }

    private func respond(to job: RequestJob, _ context: GatewayRequestContext) async -> GatheredResponse {
        do {
            let response = try await self.responder(job.request, context)
            var gathered = GatheredResponse(head: response.head)
            let collector = ResponseCollector(limit: self.configuration.http.responseBytes)
            try await response.body.write(collector)
            gathered.body = collector.bytes
            if gathered.head.status.code >= 400, gathered.body.readableBytes == 0, job.request.method != .head {
                return self.explained(gathered)
            }
            return gathered
        } catch let refusal as Refusal {
            return GatheredResponse(refusal)
        } catch let error as any HTTPResponseError {
            return self.explained(GatheredResponse(head: HTTPResponse(status: error.status)))
        } catch {
            return GatheredResponse(Refusal.unforeseen(error, context.logger))
        }
    }

    /// An error without a body gets one. Its own headers stay.
    private func explained(_ response: GatheredResponse) -> GatheredResponse {
        let code = ErrorBody.code(forStatus: response.head.status.code)
        var explained = GatheredResponse(Refusal(code))
        explained.head.status = response.head.status
        for field in response.head.headerFields where explained.head.headerFields[field.name] == nil {
            guard field.name != .contentLength else { continue }
            explained.head.headerFields.append(field)
        }
        return explained
    }
}

/// Gathers what a route writes, up to a limit.
// Sound because one task writes to it and reads it when the writing has ended; it never leaves that task.
private final class ResponseCollector: ResponseBodyWriter, @unchecked Sendable {
    struct TooLong: Error {}

    private(set) var bytes = ByteBuffer()
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    func write(_ buffer: ByteBuffer) async throws {
        guard buffer.readableBytes <= self.limit - self.bytes.readableBytes else { throw TooLong() }
        if self.bytes.readableBytes == 0 {
            self.bytes = buffer
        } else {
            self.bytes.writeImmutableBuffer(buffer)
        }
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
