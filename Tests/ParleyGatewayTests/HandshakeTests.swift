import NIOHTTP1
import ParleyDomain
import ParleyWire
import Testing

@testable import ParleyGateway

struct OriginPolicyTests {
    private let policy = OriginPolicy(allowed: ["https://app.example.com", "http://localhost:5173"])

    @Test(
        arguments: [
            (nil, "chat.example.org"),
            ("https://app.example.com", "chat.example.org"),
            ("http://localhost:5173", "chat.example.org"),
            ("https://chat.example.org", "chat.example.org"),
            ("http://chat.example.org:8080", "chat.example.org:8080"),
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://[::1]:8080", "[::1]:8080"),
            ("https://chat.example.org", "chat.example.org:443"),
            ("http://chat.example.org", "chat.example.org:80"),
        ] as [(String?, String)])
    func allows(origin: String?, host: String) {
        #expect(self.policy.allows(origin: origin, host: host))
    }

    @Test(arguments: [
        ("null", "chat.example.org"), ("", "chat.example.org"), ("https://evil.example", "chat.example.org"),
        ("https://app.example.com.evil.example", "chat.example.org"), ("https://evilapp.example.com", "chat.example.org"),
        ("http://app.example.com", "chat.example.org"), ("https://app.example.com:8443", "chat.example.org"),
        ("https://app.example.com:443", "chat.example.org"), ("HTTPS://app.example.com", "chat.example.org"),
        ("https://APP.example.com", "chat.example.org"), ("https://app.example.com/", "chat.example.org"),
        ("https://app.example.com.", "chat.example.org"), ("https://user@app.example.com", "chat.example.org"),
        ("https://app.example.com@evil.example", "chat.example.org"), (" https://app.example.com", "chat.example.org"),
        ("https://app.example.com, https://evil.example", "chat.example.org"), ("app.example.com", "chat.example.org"),
        ("file://", "chat.example.org"), ("chrome-extension://abc", "chat.example.org"),
        ("http://chat.example.org:8081", "chat.example.org:8080"), ("http://chat.example.org", "chat.example.org:443"),
        ("https://CHAT.example.org", "CHAT.example.org"), ("http://", ""), ("https://", "chat.example.org"),
        ("https://chat.example.org\u{0}", "chat.example.org"), ("http://аpp.example.com", "аpp.example.com"),
    ])
    func refuses(origin: String, host: String) {
        #expect(!self.policy.allows(origin: origin, host: host))
    }

    @Test(arguments: [
        "https://app.example", "http://localhost:5173", "http://127.0.0.1:8480", "http://[::1]:8480", "https://[2001:db8::1]",
        "http://a:443",
    ])
    func whatABrowserSendsIsAnOrigin(origin: String) {
        #expect(OriginPolicy.isOrigin(origin))
        #expect(OriginPolicy(allowed: [origin]).allows(origin: origin, host: "b"))
    }

    @Test(arguments: [
        "foo", "*", "null", "", "app.example", "http://app.example/", "http://APP.example", "HTTP://app.example", "https://",
        "http://:80",
        "https://app.example:443", "http://app.example:80", "http://app.example:", "http://app.example:080",
        "http://app.example:65536",
        "http://a:b:1", "http://a]:1", "http://[a]:1", "http://[::1", "http://[::1]x", "https://*.app.example",
        "ftp://app.example",
    ])
    func whatNoBrowserSendsIsNone(origin: String) {
        #expect(!OriginPolicy.isOrigin(origin))
    }

    @Test func sameHostCanBeSwitchedOff() {
        let policy = OriginPolicy(allowed: [], allowsSameHost: false)
        #expect(!policy.allows(origin: "https://chat.example.org", host: "chat.example.org"))
        #expect(policy.allows(origin: nil, host: "chat.example.org"))
    }
}

struct HandshakeTests {
    private let handshake = Handshake()

    private static let good: [(String, String)] = [
        ("Host", "localhost"), ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ]

    private func decide(
        _ changes: [(String, String?)] = [], adding: [(String, String)] = [], method: HTTPMethod = .GET, uri: String = "/v1/ws",
        version: HTTPVersion = .http1_1
    ) -> Handshake.Decision {
        var headers = HTTPHeaders(Self.good)
        for (name, value) in changes {
            headers.remove(name: name)
            if let value { headers.add(name: name, value: value) }
        }
        for (name, value) in adding { headers.add(name: name, value: value) }
        return self.handshake.decide(HTTPRequestHead(version: version, method: method, uri: uri, headers: headers))
    }

    private func code(_ decision: Handshake.Decision) -> ErrorCode? {
        guard case .refuse(let refusal, _) = decision else { return nil }
        return refusal.code
    }

    private func subprotocol(_ decision: Handshake.Decision) -> (String, Bool)? {
        guard case .upgrade(let agreement) = decision else { return nil }
        return (agreement.subprotocol.rawValue, agreement.namesSubprotocol)
    }

    @Test func agreesWithWhatIsRight() {
        #expect(self.subprotocol(self.decide())! == ("parley.json.1", false))
        #expect(self.subprotocol(self.decide(uri: "/v1/ws?ticket=abc"))! == ("parley.json.1", false))
        #expect(self.subprotocol(self.decide([("Upgrade", "WebSocket"), ("Connection", "keep-alive, Upgrade")])) != nil)
        #expect(self.subprotocol(self.decide(adding: [("Content-Length", "0")])) != nil)
        #expect(self.subprotocol(self.decide(adding: [("Sec-WebSocket-Extensions", "permessage-deflate")])) != nil)
    }

    @Test func takesTheFirstSubprotocolThatItKnows() {
        let offer = [("Sec-WebSocket-Protocol", "other, parley.bin.1, parley.json.1")]
        #expect(self.subprotocol(self.decide(adding: offer))! == ("parley.bin.1", true))
        #expect(self.code(self.decide(adding: [("Sec-WebSocket-Protocol", "other")])) == .badRequest)
        #expect(self.code(self.decide(adding: [("Sec-WebSocket-Protocol", "PARLEY.JSON.1")])) == .badRequest)
    }

    @Test(
        arguments: [
            ("Sec-WebSocket-Version", nil, ErrorCode.upgradeRequired), ("Sec-WebSocket-Version", "8", .upgradeRequired),
            ("Sec-WebSocket-Version", "13, 8", .upgradeRequired), ("Sec-WebSocket-Key", nil, .badRequest),
            ("Sec-WebSocket-Key", "", .badRequest), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ", .badRequest),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=*", .badRequest),
            ("Sec-WebSocket-Key", "****IHNhbXBsZSBub25jZQ==", .badRequest),
            ("Upgrade", nil, .upgradeRequired), ("Upgrade", "h2c", .upgradeRequired), ("Connection", nil, .badRequest),
            ("Connection", "keep-alive", .badRequest),
        ] as [(String, String?, ErrorCode)])
    func refusesWhatIsWrong(name: String, value: String?, code: ErrorCode) {
        #expect(self.code(self.decide([(name, value)])) == code)
    }

    @Test func refusesDoubtfulRequests() {
        for name in ["Sec-WebSocket-Key", "Sec-WebSocket-Version"] {
            let twice = Self.good.first { $0.0 == name }.map { [$0] } ?? []
            #expect(self.code(self.decide(adding: twice)) != nil, "\(name) twice")
        }
        #expect(self.code(self.decide(version: .http1_0)) == .badRequest)
        #expect(self.code(self.decide(adding: [("Content-Length", "5")])) == .badRequest)
        #expect(self.code(self.decide(adding: [("Transfer-Encoding", "chunked")])) == .badRequest)
        #expect(self.code(self.decide(method: .POST)) == .methodNotAllowed)
        #expect(self.code(self.decide(uri: "/v1/other")) == .notFound)
        #expect(self.code(self.decide(uri: "/v1/ws/")) == .notFound)
        #expect(self.code(self.decide(adding: [("Origin", "https://evil.example")])) == .originNotAllowed)
        let two = [("Origin", "http://localhost"), ("Origin", "https://evil.example")]
        #expect(self.code(self.decide(adding: two)) == .originNotAllowed)
    }

    @Test func leavesPlainRequestsAlone() {
        #expect(self.decide([("Upgrade", nil)], uri: "/") == .plain)
        #expect(self.decide([("Upgrade", "h2c")], uri: "/") == .plain)
    }

    @Test func answersTheKeyAsTheRFCDoes() {
        #expect(AcceptKey.answer(to: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }
}

struct RequestRulesTests {
    private func violation(_ headers: [(String, String)], version: HTTPVersion = .http1_1) -> String? {
        RequestRules.violation(of: HTTPRequestHead(version: version, method: .POST, uri: "/", headers: HTTPHeaders(headers)))
    }

    @Test func ambiguousHeadsAreRefused() {
        #expect(self.violation([("Host", "a")]) == nil)
        #expect(self.violation([("Host", "a"), ("Content-Length", "5")]) == nil)
        #expect(self.violation([("Host", "a"), ("Transfer-Encoding", "chunked")]) == nil)
        #expect(self.violation([], version: .http1_0) == nil)
        #expect(self.violation([]) != nil)
        #expect(self.violation([("Host", "a"), ("Host", "b")]) != nil)
        #expect(self.violation([("Host", "a"), ("Content-Length", "5"), ("Content-Length", "5")]) != nil)
        #expect(self.violation([("Host", "a"), ("Content-Length", "5"), ("Transfer-Encoding", "chunked")]) != nil)
        #expect(self.violation([("Host", "a"), ("Transfer-Encoding", "gzip, chunked")]) != nil)
        #expect(self.violation([("Host", "a"), ("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")]) != nil)
        #expect(self.violation([("Host", "a"), ("Content-Length", "+5")]) != nil)
        #expect(self.violation([("Host", "a"), ("Content-Length", "5, 5")]) != nil)
    }

    @Test(
        arguments: [
            ("/a?b", "a", "/a?b"), ("http://a/b?c", "a", "/b?c"), ("HTTPS://A:80/b", "a:80", "/b"), ("http://a", "a", "/"),
            ("http://a?b", "a", "/?b"), ("http://b/", "a", nil), ("http://a:80/", "a", nil), ("http://a@b/", "b", nil),
            ("http:///b", "", nil),
            ("ftp://a/", "a", nil), ("a", "a", nil), ("*", "a", nil), ("", "a", nil),
        ] as [(String, String, String?)])
    func wholeURLIsAsGoodAsItsPath(uri: String, host: String, target: String?) {
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: uri, headers: ["Host": host])
        #expect(RequestRules.target(of: head) == target)
    }

    @Test func datesAreWrittenAsHTTPWantsThem() {
        #expect(HTTPDate.format(secondsSince1970: 784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(HTTPDate.format(secondsSince1970: 0) == "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(HTTPDate.format(secondsSince1970: 1_709_251_199) == "Thu, 29 Feb 2024 23:59:59 GMT")
        #expect(HTTPDate.format(secondsSince1970: 4_102_444_800) == "Fri, 01 Jan 2100 00:00:00 GMT")
    }
}
