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

    /// An error as JSON.
    init(_ refusal: Refusal) { self.init(head: refusal.response.head, body: refusal.body) }
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
    let clients: ClientAddress
    let ledger: ConnectionLedger
    let logger: Logger
    let responder: GatewayResponder
    let jobs: AsyncStream<RequestJob>
    private let continuation: AsyncStream<RequestJob>.Continuation
    /// Connection ids count up from a start that differs between processes.
    private let lastID = Atomic<UInt64>(UInt64.random(in: 1...0xFFFF_FFFF) << 32)

    init(configuration: GatewayConfiguration, logger: Logger, responder: @escaping GatewayResponder) {
        self.configuration = configuration
        self.clients = ClientAddress(proxies: configuration.trustedProxies)
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
        let response = await self.respond(to: job.request, GatewayRequestContext(logger: logger, origin: job.origin))
        logger.debug("request answered", metadata: ["status": .stringConvertible(response.head.status.code)])
        return response
    }

    /// The responder's answer, or what a client is told of its error.
    func respond(to request: Request, _ context: GatewayRequestContext) async -> GatheredResponse {
        do {
            let response = try await self.responder(request, context)
            let collector = ResponseCollector(limit: self.configuration.http.responseBytes)
            try await response.body.write(collector)
            return GatheredResponse(head: response.head, body: collector.bytes)
        } catch let refusal as Refusal {
            return GatheredResponse(refusal)
        } catch {
            return GatheredResponse(Refusal.unforeseen(error, context.logger))
        }
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
