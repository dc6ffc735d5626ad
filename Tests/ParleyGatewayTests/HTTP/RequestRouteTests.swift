import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ParleyDomain
import Testing

@testable import ParleyEngine
@testable import ParleyGateway

@Suite struct RequestRouteTests {
    /// The answer of a route whose engine answers everything with this.
    private func answer(
        _ reply: ExchangeReply = ExchangeReply(status: 200, body: ByteBuffer(string: "{}")), path: String = "/v1/request",
        type: String = "application/json", body: String = #"{"conversation":"g"}"#
    ) async throws -> Response {
        let ann = Identity(user: UserID(trusted: "ann"), name: "Ann", session: SessionID(trusted: "s"), device: "")
        var routes = RouteTable()
        RequestRoute(types: ["send"], identify: { _ in ann }, exchange: { _, _, _ in reply }).add(to: &routes)
        let head = HTTPRequest(method: .post, scheme: "http", authority: "a", path: path, headerFields: [.contentType: type])
        let context = GatewayRequestContext(logger: Logger(label: "test"), origin: Origin(address: "", agent: ""))
        return try await routes.respond(to: Request(head: head, body: .init(buffer: ByteBuffer(string: body))), in: context)
    }

    @Test func errorsOfTheEngineHaveTheHeadersOfOurs() async throws {
        let slow = ExchangeReply(status: 429, retryMilliseconds: 1_001, body: ByteBuffer(string: "{}"))
        for path in ["/v1/request", "/v1/requests/send"] {
            let answer = try await self.answer(slow, path: path)
            #expect(
                answer.status == .tooManyRequests && answer.headers[.retryAfter] == "2"
                    && answer.headers[.cacheControl] == "no-store")
            #expect(try await self.answer(path: path).headers[.retryAfter] == nil)
        }
        let ended = ExchangeReply(status: 401, body: ByteBuffer(string: "{}"))
        #expect(try await self.answer(ended).headers[.wwwAuthenticate] == "Bearer")
        #expect(try await self.answer(type: "application/cbor").headers[.contentType] == "application/cbor")
    }

    @Test(arguments: [("/v1/request", "text/plain"), ("/v1/request", ""), ("/v1/requests/send", "application/cbor")])
    func bodyOfAnotherTypeIsRefused(path: String, type: String) async {
        await #expect {
            try await self.answer(path: path, type: type)
        } throws: { error in
            (error as? Refusal)?.code == .unsupportedMediaType && (error as? Refusal)?.field == "content-type"
        }
    }

    @Test(arguments: ["/v1/requests/nothing", "/v1/requests/", "/v1/requests//send", "/v1/requests/send/"])
    func whatHasNoPathOfItsOwnIsNotFound(path: String) async {
        await #expect(throws: Refusal(.notFound)) { try await self.answer(path: path) }
    }
}
