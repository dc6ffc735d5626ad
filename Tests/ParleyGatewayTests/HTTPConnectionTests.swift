import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import ParleyDomain
import ParleyEngine
import Testing

@testable import ParleyGateway

// Sound because an embedded channel and all that it carries stay on the thread of one test.
private struct EchoSessions: SocketSessionFactory, @unchecked Sendable {
    private final class Session: SocketSession {
        private let socket: any Socket
        init(socket: any Socket) { self.socket = socket }
        func received(text: ByteBuffer) { self.socket.write(ByteBuffer(string: "<\(String(buffer: text))>")) }
        func received(binary: ByteBuffer) {}
        func becameWritable() {}
        func disconnected() {}
    }
    let onSession: (ConnectionInfo) -> Void
    func makeSession(for socket: any Socket, info: ConnectionInfo) -> any SocketSession {
        self.onSession(info)
        return Session(socket: socket)
    }
}

/// The pipeline of an accepted connection on an embedded channel. Requests stay unanswered unless the test answers.
private final class Bench {
    let channel: EmbeddedChannel
    let registry: LoopRegistry
    let core: GatewayCore
    let connection: HTTPConnection
    let start: Int64
    private(set) var infos: [ConnectionInfo] = []

    init(configuration: GatewayConfiguration = .init(), loop: EmbeddedEventLoop = EmbeddedEventLoop()) throws {
        self.channel = EmbeddedChannel(handlers: [], loop: loop)
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        self.registry = LoopRegistry(eventLoop: self.channel.eventLoop)
        self.start = self.registry.now
        self.core = GatewayCore(configuration: configuration, logger: logger) { _, _ in Response(status: .ok) }
        var onSession: (ConnectionInfo) -> Void = { _ in }
        let environment = SocketEnvironment(
            settings: configuration.socket, registry: self.registry, sessions: EchoSessions { onSession($0) }, logger: logger)
        let address = try SocketAddress(ipAddress: "192.0.2.1", port: 1)
        let peer = try #require(IPAddress(address))
        #expect(self.core.ledger.admit(AddressKey(peer)) == .admitted)
        let meter = RequestLineMeter()
        self.connection = HTTPConnection(
            core: self.core, environment: environment, peer: peer, meter: meter,
            admission: Admission(ledger: self.core.ledger, key: AddressKey(peer)))
        let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
        try self.channel.pipeline.syncOperations.addHandlers([meter, HTTPResponseEncoder(), decoder, self.connection])
        self.channel.connect(to: address, promise: nil)
        onSession = { [unowned self] info in self.infos.append(info) }
    }

    func feed(_ text: String, then bytes: [UInt8] = []) throws {
        try self.channel.writeInbound(ByteBuffer(bytes: Array(text.utf8) + bytes))
        self.channel.embeddedEventLoop.run()
    }

    func sent() throws -> String {
        var text = ""
        while let data = try self.channel.readOutbound(as: IOData.self) {
            if case .byteBuffer(let buffer) = data { text += String(buffer: buffer) }
        }
        return text
    }

    func sweep(after milliseconds: Int64) {
        self.registry.sweep(at: self.start + milliseconds)
        self.channel.embeddedEventLoop.run()
    }
}

private let upgrade = """
    GET /v1/ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nUser-Agent: test\r\n
    """

struct HTTPConnectionTests {
    @Test func upgradeLeavesOneHandlerAndReadsWhatCameWithIt() throws {
        let bench = try Bench()
        try bench.feed(upgrade + "\r\n", then: ClientFrames.text("early"))
        let answer = try bench.sent()
        #expect(answer.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
        #expect(answer.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n<early>"))
        #expect(bench.infos.map(\.origin) == [Origin(address: "192.0.2.1", agent: "test")])
        #expect(throws: (any Error).self) {
            try bench.channel.pipeline.syncOperations.context(handlerType: ByteToMessageHandler<HTTPRequestDecoder>.self)
        }
        #expect(throws: (any Error).self) {
            try bench.channel.pipeline.syncOperations.context(handlerType: HTTPConnection.self)
        }
        #expect(bench.registry.count == 1)
        try bench.feed("", then: ClientFrames.text("later"))
        #expect(try bench.sent() == "<later>")
        bench.registry.cutAll()
        bench.channel.embeddedEventLoop.run()
        #expect(bench.core.ledger.total == 0)
        #expect(bench.registry.count == 0)
    }

    @Test func upgradeByteByByte() throws {
        let bench = try Bench()
        for byte in (upgrade + "\r\n").utf8 {
            try bench.channel.writeInbound(ByteBuffer(bytes: [byte]))
            bench.channel.embeddedEventLoop.run()
        }
        #expect(try bench.sent().hasPrefix("HTTP/1.1 101 "))
        #expect(bench.infos.count == 1)
    }

    @Test func refusalIsJSONAndEndsTheConnection() throws {
        let bench = try Bench()
        try bench.feed(upgrade + "Origin: https://evil.example\r\n\r\n")
        let answer = try bench.sent()
        #expect(answer.hasPrefix("HTTP/1.1 403 Forbidden\r\n"))
        #expect(answer.contains("Connection: close\r\n"))
        #expect(answer.contains(#"{"type":"error","code":40302,"name":"origin_not_allowed","#))
        try bench.feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try bench.sent().isEmpty)
        bench.channel.embeddedEventLoop.advanceTime(by: .milliseconds(600))
        #expect(!bench.channel.isActive)
        #expect(bench.core.ledger.total == 0)
    }

    @Test func oneRequestIsAnsweredAtATime() throws {
        let bench = try Bench()
        try bench.feed("GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try bench.sent().isEmpty)
        bench.connection.answer(GatheredResponse(head: .init(status: .ok), body: ByteBuffer(string: "one")))
        #expect(try bench.sent().hasSuffix("\r\n\r\none"))
        bench.connection.answer(GatheredResponse(head: .init(status: .ok), body: ByteBuffer(string: "two")))
        #expect(try bench.sent().hasSuffix("\r\n\r\ntwo"))
        bench.connection.answer(GatheredResponse(head: .init(status: .ok), body: ByteBuffer(string: "three")))
        #expect(try bench.sent().isEmpty)
        #expect(bench.channel.isActive)
    }

    /// A crowd's answers that come together, as they do when the tasks that made them got a processor at last.
    @Test func answersOfACrowdAreGivenAFewATurn() throws {
        let loop = EmbeddedEventLoop()
        let answers = AnswerTurns(eventLoop: loop)
        let benches = try (0..<10).map { _ in try Bench(loop: loop) }
        for bench in benches { try bench.feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n") }
        for (number, bench) in benches.enumerated() {
            let response = GatheredResponse(head: .init(status: .ok), body: ByteBuffer(string: "answer \(number)"))
            answers.add(response, to: NIOLoopBound(bench.connection, eventLoop: loop))
        }
        var given: [Int] = []
        for _ in 0..<4 {
            loop.run()
            given.append(try benches.filter { try $0.sent().contains("\r\n\r\nanswer ") }.count)
            loop.advanceTime(by: LoopTurns.pause)
        }
        #expect(given == [4, 4, 2, 0])
        // And the next one is not kept waiting by those that came before.
        try benches[0].feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        answers.add(GatheredResponse(head: .init(status: .ok)), to: NIOLoopBound(benches[0].connection, eventLoop: loop))
        loop.run()
        #expect(try benches[0].sent().hasPrefix("HTTP/1.1 200 OK\r\n"))
    }

    @Test func silenceBeforeTheHeadIsCut() throws {
        let bench = try Bench()
        bench.sweep(after: 9_000)
        #expect(try bench.sent().isEmpty)
        bench.sweep(after: 10_000)
        #expect(try bench.sent().hasPrefix("HTTP/1.1 408 "))
        bench.sweep(after: 12_000)
        #expect(!bench.channel.isActive)
    }

    @Test func secondHeadHasTheSameDeadlineFromItsFirstByte() throws {
        let bench = try Bench()
        try bench.feed("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        bench.connection.answer(GatheredResponse(head: .init(status: .ok)))
        _ = try bench.sent()
        bench.sweep(after: 40_000)
        #expect(bench.channel.isActive)
        try bench.feed("GET /b")
        bench.sweep(after: 49_000)
        #expect(try bench.sent().isEmpty)
        bench.sweep(after: 50_000)
        #expect(try bench.sent().hasPrefix("HTTP/1.1 408 "))
    }

    @Test func idleConnectionIsCutWhenTheServerGoesDown() throws {
        let bench = try Bench()
        try bench.feed("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        bench.connection.answer(GatheredResponse(head: .init(status: .ok)))
        bench.registry.quiesce()
        bench.channel.embeddedEventLoop.run()
        #expect(!bench.channel.isActive)
    }

    @Test func requestUnderWayIsAnsweredWhenTheServerGoesDown() throws {
        let bench = try Bench()
        try bench.feed("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        bench.registry.quiesce()
        bench.connection.answer(GatheredResponse(head: .init(status: .ok), body: ByteBuffer(string: "done")))
        let answer = try bench.sent()
        #expect(answer.contains("Connection: close\r\n"))
        #expect(answer.hasSuffix("\r\n\r\ndone"))
    }

    @Test func answerToHeadHasNoBody() throws {
        let bench = try Bench()
        try bench.feed("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n")
        bench.connection.answer(GatheredResponse(head: .init(status: .ok), body: ByteBuffer(string: "one")))
        let answer = try bench.sent()
        #expect(answer.contains("Content-Length: 3\r\n") && answer.hasSuffix("\r\n\r\n"))
        // An error has none either, and the next request is not taken for it.
        try bench.feed("HEAD /v1/ws HTTP/1.1\r\nHost: a\r\n\r\n")
        let refused = try bench.sent()
        #expect(refused.hasPrefix("HTTP/1.1 405 ") && refused.contains("Allow: GET\r\n") && refused.hasSuffix("\r\n\r\n"))
        let kept = try Bench()
        try kept.feed("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n")
        for text in ["one", "two"] {
            kept.connection.answer(GatheredResponse(head: .init(status: .ok), body: ByteBuffer(string: text)))
        }
        #expect(try kept.sent().hasSuffix("\r\n\r\ntwo"))
    }

    @Test(arguments: [("gzip", "415"), ("identity, br", "415"), ("identity", ""), ("", "")])
    func packedBodyIsRefused(coding: String, status: String) throws {
        let bench = try Bench()
        let line = coding.isEmpty ? "" : "Content-Encoding: \(coding)\r\n"
        try bench.feed("POST /a HTTP/1.1\r\nHost: a\r\n\(line)Content-Length: 2\r\n\r\n{}")
        let answer = try bench.sent()
        #expect(status.isEmpty ? answer.isEmpty : answer.hasPrefix("HTTP/1.1 \(status) Unsupported Media Type\r\n"))
        #expect(status.isEmpty || answer.contains("Accept-Encoding: identity\r\n"))
    }

    @Test func wholeURLMayUpgradeToo() throws {
        let bench = try Bench()
        try bench.feed(upgrade.replacing("/v1/ws", with: "http://a/v1/ws") + "\r\n")
        #expect(try bench.sent().hasPrefix("HTTP/1.1 101 "))
        let elsewhere = try Bench()
        try elsewhere.feed(upgrade.replacing("/v1/ws", with: "http://b/v1/ws") + "\r\n")
        #expect(try elsewhere.sent().hasPrefix("HTTP/1.1 400 "))
    }

    @Test func forwardedAddressIsBelievedOfTrustedProxiesOnly() throws {
        let forwarded = upgrade + "X-Forwarded-For: 203.0.113.9\r\n\r\n"
        let plain = try Bench()
        try plain.feed(forwarded)
        #expect(plain.infos.map(\.origin.address) == ["192.0.2.1"])
        var configuration = GatewayConfiguration()
        configuration.trustedProxies = [try #require(AddressRange("192.0.2.0/24"))]
        let behind = try Bench(configuration: configuration)
        try behind.feed(forwarded)
        #expect(behind.infos.map(\.origin.address) == ["203.0.113.9"])
    }
}

struct StaticAssetsTests {
    private let routes: RouteTable

    init() {
        var routes = RouteTable()
        StaticAssets(files: ["index.html": "<html>", "app.3f9a01bc.js": "1", "js/app.js": "2"]).add(to: &routes)
        self.routes = routes
    }

    private func get(_ path: String, _ headers: HTTPFields = [:], method: HTTPRequest.Method = .get) async throws -> Response {
        let head = HTTPRequest(method: method, scheme: "http", authority: "a", path: path, headerFields: headers)
        let context = GatewayRequestContext(logger: Logger(label: "test"), origin: Origin(address: "", agent: ""))
        return try await self.routes.respond(to: Request(head: head, body: .init(buffer: ByteBuffer())), in: context)
    }

    @Test func pagesAreCheckedAnewAndVersionedFilesAreKept() async throws {
        let page = try await self.get("/")
        #expect(page.headers[.contentType] == "text/html; charset=utf-8")
        #expect(page.headers[.cacheControl] == "no-cache")
        #expect(page.headers[.contentSecurityPolicy]?.hasPrefix("default-src 'none'; script-src 'self'; ") == true)
        #expect(page.headers[.contentSecurityPolicy]?.contains("unsafe") == false)
        #expect(try await self.get("/index.html?x=1").headers[.eTag] == page.headers[.eTag])
        #expect(try await self.get("/app.3f9a01bc.js").headers[.cacheControl]?.hasSuffix("immutable") == true)
        #expect(try await self.get("/js/app.js").headers[.cacheControl] == "no-cache")
    }

    @Test func unchangedFileIsNotSentAgain() async throws {
        let tag = try #require(try await self.get("/").headers[.eTag])
        #expect(try await self.get("/", [.ifNoneMatch: tag]).status == .notModified)
        #expect(try await self.get("/", [.ifNoneMatch: "\"x\", W/\(tag)"]).status == .notModified)
        #expect(try await self.get("/", [.ifNoneMatch: "\"x\""]).status == .ok)
    }

    @Test(arguments: ["/nothing", "/../etc/passwd", "/js", "/js/", "//index.html", "/js/../index.html", "/%2e%2e/x"])
    func nothingElseIsServed(path: String) async {
        await #expect(throws: Refusal(.notFound)) { try await self.get(path) }
    }

    @Test func onlyGetAndHead() async throws {
        for method in [HTTPRequest.Method.post, .delete] {
            let refused = try await self.get("/", method: method)
            #expect(refused.status == .methodNotAllowed && refused.headers[.allow] == "GET, HEAD")
        }
        #expect(try await self.get("/", method: .head).headers[.contentLength] == "6")
    }
}
