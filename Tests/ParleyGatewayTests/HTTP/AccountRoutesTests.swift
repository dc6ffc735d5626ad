import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded
import ParleyDomain
import ParleyEngine
import ParleyTestKit
import Synchronization
import Testing

@testable import ParleyGateway

/// The routes, called as a connection does but without a network, over real accounts in memory.
struct RoutesWorld {
    struct Answer {
        var status: Int
        var headers: HTTPFields
        var text: String

        /// The value of a text field, as it stands in the JSON.
        func field(_ name: String) -> String {
            guard let start = self.text.firstRange(of: "\"\(name)\":\"") else { return "" }
            return String(self.text[start.upperBound...].prefix { $0 != "\"" })
        }
    }

    let store = MemoryAccountStore()
    let core: GatewayCore
    let ready = ReadyFlag()

    init(settings: AccountSettings = AccountSettings()) throws {
        let cheap = PasswordHasher.Parameters(memoryKiB: 8, passes: 1, lanes: 1)
        let accounts = try AccountManager(
            store: self.store, hasher: try PasswordHasher(parameters: cheap, weakForTests: true), settings: settings)
        let ready = self.ready
        var routes = RouteTable()
        AccountRoutes(accounts: accounts).add(to: &routes)
        HealthRoutes { [HealthCheck("started", true), HealthCheck("storing", ready.value)] }.add(to: &routes)
        routes.get("/broken") { _, _ in throw Broken() }
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        self.core = GatewayCore(configuration: GatewayConfiguration(), logger: logger, responder: routes.respond)
    }

    struct Broken: Error { var secret = "pa1.secret" }

    func send(
        _ method: HTTPRequest.Method, _ path: String, body: String? = nil, token: String? = nil, headers: [String: String] = [:]
    ) async throws -> Answer {
        try await self.send(method, path, bytes: body.map { Array($0.utf8) }, token: token, headers: headers)
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, bytes: [UInt8]?, token: String? = nil, headers: [String: String] = [:]
    ) async throws -> Answer {
        var fields = HTTPFields()
        if bytes != nil { fields[.contentType] = "application/json" }
        if let token { fields[.authorization] = "Bearer \(token)" }
        for (name, value) in headers { fields[try #require(HTTPField.Name(name))] = value }
        let request = Request(
            head: HTTPRequest(method: method, scheme: "http", authority: "localhost", path: path, headerFields: fields),
            body: RequestBody(buffer: ByteBuffer(bytes: bytes ?? [])))
        var logger = Logger(label: "test")
        logger[metadataKey: "trace_id"] = "4bf92f3577b34da6a3ce929d0e0e4736"
        let origin = Origin(address: "192.0.2.7", agent: "")
        let response = await self.core.respond(to: request, GatewayRequestContext(logger: logger, origin: origin))
        return Answer(status: response.head.status.code, headers: response.head.headerFields, text: String(buffer: response.body))
    }

    func register(_ name: String = "Ann") async throws -> Answer {
        try await self.send(.post, "/v1/register", body: #"{"name":"\#(name)","password":"correct horse","device":"phone"}"#)
    }
}

final class ReadyFlag: Sendable {
    private let flag = Mutex(true)
    var value: Bool {
        get { self.flag.withLock { $0 } }
        set { self.flag.withLock { $0 = newValue } }
    }
}

@Suite struct AccountRoutesTests {
    @Test func registeringAnswersAGrantInAFixedOrder() async throws {
        let world = try RoutesWorld()
        let answer = try await world.register()
        #expect(answer.status == 200)
        let pattern = try Regex(
            #"^\{"type":"grant","user":"u[a-z2-7]{20}","name":"Ann","session":"s[a-z2-7]{26}","access_token":"pa1\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}","access_expires":[0-9]{13},"refresh_token":"pr1\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}"\}$"#
        )
        #expect(answer.text.wholeMatch(of: pattern) != nil)
        #expect(answer.headers[.contentType] == "application/json")
        #expect(answer.headers[.cacheControl] == "no-store")
        #expect(answer.headers[.setCookie] == nil && answer.headers[.accessControlAllowOrigin] == nil)
    }

    @Test func aLifeOfASession() async throws {
        let world = try RoutesWorld()
        _ = try await world.register("Zoë \\\"Z\\\"")
        let login = try await world.send(.post, "/v1/login", body: #"{ "password" : "correct horse", "name":"ZO\u00CB \"z\"" }"#)
        #expect(login.status == 200)
        let me = try await world.send(.get, "/v1/me", token: login.field("access_token"))
        let start = #"{"type":"me","user":"\#(login.field("user"))","name":"Zoë \"Z\"","session":"\#(login.field("session"))""#
        #expect(me.status == 200 && me.text == start + #","device":""}"#)
        let ticket = try await world.send(.post, "/v1/ticket", token: login.field("access_token"))
        #expect(
            ticket.text.wholeMatch(of: try Regex(#"\{"type":"ticket","ticket":"pt1\.[A-Za-z0-9_-]{43}","expires":[0-9]{13}\}"#))
                != nil)
        let refresh = #"{"refresh_token":"\#(login.field("refresh_token"))"}"#
        let renewed = try await world.send(.post, "/v1/refresh", body: refresh)
        #expect(renewed.status == 200 && renewed.field("session") == login.field("session"))
        let out = try await world.send(.post, "/v1/logout", body: "{}", token: renewed.field("access_token"))
        #expect(out.status == 200 && out.text == #"{"type":"logged_out"}"#)
        let after = try await world.send(.get, "/v1/me", token: renewed.field("access_token"))
        #expect(after.status == 401 && after.field("name") == "session_ended")
        #expect(after.headers[.wwwAuthenticate] == "Bearer")
    }

    @Test func errorNamesCodeFieldRuleAndRetry() async throws {
        let world = try RoutesWorld()
        #expect(try await world.register().status == 200)
        #expect(world.store.sessions.map(\.address) == ["192.0.2.7"])
        let wrong = try await world.send(.post, "/v1/login", body: #"{"name":"Ann","password":"nope"}"#)
        #expect(wrong.status == 401)
        #expect(
            wrong.text
                == #"{"type":"error","code":40105,"name":"wrong_credentials","message":"Check the name and the password.","retry":"after_change"}"#
        )
        let short = try await world.send(.post, "/v1/register", body: #"{"name":"Bob","password":"short"}"#)
        #expect(short.status == 400)
        #expect(short.text.contains(#""field":"password","rule":"at least 8 characters","retry":"never""#))
        let taken = try await world.register("ANN")
        #expect(taken.status == 409 && taken.field("name") == "name_taken" && taken.field("field") == "name")
    }

    @Test func throttledLogInSaysWhenToComeBack() async throws {
        var settings = AccountSettings()
        settings.triesPerName = .init(burst: 1, interval: 1_500_000_000)
        let world = try RoutesWorld(settings: settings)
        let body = #"{"name":"Ann","password":"nope"}"#
        #expect(try await world.send(.post, "/v1/login", body: body).status == 401)
        let answer = try await world.send(.post, "/v1/login", body: body)
        #expect(answer.status == 429 && answer.field("retry") == "later" && answer.text.contains(#""retry_ms":1"#))
        let seconds = try #require(answer.headers[.retryAfter].flatMap { Int($0) })
        #expect((1_400_000...1_500_000).contains(seconds))
    }

    @Test(arguments: [
        ("", "not_json", ""), ("[]", "not_json", ""), ("{", "not_json", ""), ("null", "not_json", ""), ("{}{}", "not_json", ""),
        (#"{"name":"a","password":"b"} x"#, "not_json", ""), (#"{"name":"a",}"#, "not_json", ""),
        (#"{'name':"a"}"#, "not_json", ""),
        (#"{"name":"a" "password":"b"}"#, "not_json", ""), (#"{"name":"a\x"}"#, "not_json", ""),
        (#"{"name":"a\u12G4"}"#, "not_json", ""),
        ("{\"name\":\"a\nb\"}", "not_json", ""), (#"{"name":"a"#, "not_json", ""), (#"{"name":NaN}"#, "not_json", ""),
        ("{}", "missing_field", "name"), (#"{"name":"a"}"#, "missing_field", "password"),
        (#"{"name":"a","password":"b","admin":"1"}"#, "unknown_field", "admin"),
        (#"{"name":"a","password":"b","<b>\r\n":"1"}"#, "unknown_field", "?b???"),
        (#"{"name":"a","name":"b","password":"b"}"#, "duplicate_key", "name"),
        (#"{"name":"a","n\u0061me":"b","password":"b"}"#, "duplicate_key", "name"),
        (#"{"name":1,"password":"b"}"#, "wrong_type", "name"), (#"{"name":{"$ne":""},"password":"b"}"#, "wrong_type", "name"),
        (#"{"name":null,"password":"b"}"#, "wrong_type", "name"), (#"{"name":["a"],"password":"b"}"#, "wrong_type", "name"),
        (#"{"name":"\ud800","password":"b"}"#, "out_of_range", "name"),
        (#"{"name":"\udc00","password":"b"}"#, "out_of_range", "name"),
        (#"{"name":"\ud800\u0041","password":"b"}"#, "out_of_range", "name"),
        (#"{"name":"a\u0000","password":"b"}"#, "out_of_range", "name"),
        (#"{"name":"a\u202eb","password":"b"}"#, "bad_text", "name"), (#"{"name":"  ","password":"b"}"#, "empty", "name"),
    ])
    func badBodyIsRefusedWithItsReason(body: String, name: String, field: String) async throws {
        let world = try RoutesWorld()
        let calls = world.store.calls
        let answer = try await world.send(.post, "/v1/login", body: body)
        #expect(answer.status == 400)
        #expect(answer.field("name") == name)
        #expect(answer.field("field") == field)
        #expect(world.store.calls == calls)
    }

    @Test func bodyThatIsNotUTF8IsRefused() async throws {
        let world = try RoutesWorld()
        for bad: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xC3]] {
            let answer = try await world.send(
                .post, "/v1/login", bytes: Array(#"{"name":"a"#.utf8) + bad + Array(#"","password":"b"}"#.utf8))
            #expect(answer.status == 400 && answer.field("name") == "bad_text")
        }
    }

    @Test func surrogatePairsAndEscapesAreRead() throws {
        let fields = try FlatJSON.read(Array(#" {"a" : "\ud83d\ude00\/\b\f\n\r\t\"\\é" } "#.utf8), required: ["a"])
        #expect(fields["a"] == "😀/\u{8}\u{C}\n\r\t\"\\é")
        #expect(FlatJSON.quote("a\"\\\n\u{1F}é") == #""a\"\\\n\u001fé""#)
    }

    @Test func bodyOfAnotherKindOrTooLongIsRefused() async throws {
        let world = try RoutesWorld()
        let body = #"{"name":"Ann","password":"correct horse"}"#
        for type in ["text/plain", "application/x-www-form-urlencoded", "application/json-seq", ""] {
            let answer = try await world.send(.post, "/v1/register", body: body, headers: ["content-type": type])
            #expect(answer.status == 415 && answer.field("field") == "content-type")
        }
        let long = body + String(repeating: " ", count: 8_193 - body.utf8.count)
        let answer = try await world.send(.post, "/v1/register", body: long)
        #expect(answer.status == 413 && answer.field("rule") == "at most 8192 bytes")
        let claimed = try await world.send(.post, "/v1/register", body: body, headers: ["content-length": "8193"])
        #expect(claimed.status == 413)
        let good = try await world.send(
            .post, "/v1/register", body: String(long.dropLast()), headers: ["content-type": "Application/JSON; charset=utf-8"])
        #expect(good.status == 200)
    }

    @Test func tokenIsTakenFromTheBearerHeaderOnly() async throws {
        let world = try RoutesWorld()
        let token = try await world.register().field("access_token")
        let none = try await world.send(.get, "/v1/me")
        #expect(none.status == 401 && none.field("name") == "not_authenticated" && none.headers[.wwwAuthenticate] == "Bearer")
        #expect(try await world.send(.get, "/v1/me?access_token=\(token)").status == 401)
        #expect(try await world.send(.get, "/v1/me", headers: ["cookie": "token=\(token)"]).status == 401)
        for header in [
            "\(token)", "Basic \(token)", "Bearer  \(token)", "Bearer \(token) x", "Bearer", "Bearer ",
            "Bearer \(token), Bearer \(token)",
        ] {
            let answer = try await world.send(.get, "/v1/me", headers: ["authorization": header])
            #expect(answer.status == 401 && answer.field("name") == "bad_token", "\(header)")
        }
        #expect(try await world.send(.get, "/v1/me", headers: ["authorization": "bearer \(token)"]).status == 200)
        for path in ["/v1/logout", "/v1/ticket"] { #expect(try await world.send(.post, path, body: "{}").status == 401) }
        #expect(try await world.send(.post, "/v1/ticket", body: #"{"user":"x"}"#, token: token).field("name") == "unknown_field")
    }

    @Test func usersAreFoundByPrefix() async throws {
        let world = try RoutesWorld()
        let token = try await world.register("Ann Lee").field("access_token")
        for name in ["anna", "Bob", "ann+x"] { _ = try await world.register(name) }
        #expect(try await world.send(.get, "/v1/users?prefix=an").status == 401)
        let found = try await world.send(.get, "/v1/users?limit=2&prefix=AN", token: token)
        #expect(found.status == 200 && found.text.hasPrefix(#"{"type":"users","users":[{"user":"u"#))
        #expect(found.text.contains(#""name":"Ann Lee"},{"#) && found.text.contains(#""name":"ann+x"}]}"#))
        #expect(try await world.send(.get, "/v1/users?prefix=ann%2Bx", token: token).text.contains("ann+x"))
        #expect(try await world.send(.get, "/v1/users?prefix=ann+l", token: token).text.contains("Ann Lee"))
        #expect(try await world.send(.get, "/v1/users?prefix=zz", token: token).text == #"{"type":"users","users":[]}"#)
        for (query, name) in [
            ("", "missing_field"), ("?prefix=", "empty"), ("?prefix=a&limit=21", "out_of_range"),
            ("?prefix=a&limit=0", "out_of_range"),
            ("?prefix=a&limit=99999999999999999999", "out_of_range"), ("?prefix=a&limit=x", "out_of_range"),
            ("?prefix=a&x=1", "unknown_field"),
            ("?prefix=a&prefix=b", "duplicate_key"), ("?prefix=%zz", "bad_request"), ("?prefix=%f", "bad_request"),
            ("?prefix=%ff", "bad_text"),
            ("?prefix=a%00", "bad_text"),
        ] {
            let answer = try await world.send(.get, "/v1/users\(query)", token: token)
            #expect(answer.status == 400 && answer.field("name") == name, "\(query)")
        }
    }

    @Test(arguments: [("/v1/register", "POST"), ("/v1/logout", "POST"), ("/v1/me", "GET, HEAD"), ("/livez", "GET, HEAD")])
    func wrongMethodIsToldWhichThereAre(path: String, methods: String) async throws {
        let world = try RoutesWorld()
        for method in [HTTPRequest.Method.get, .head, .post, .put, .delete, .patch, .options]
        where !methods.contains(method.rawValue) {
            let answer = try await world.send(method, path)
            #expect(answer.status == 405 && answer.field("name") == "method_not_allowed" && answer.field("rule") == "")
            #expect(answer.headers[.allow] == methods)
        }
    }

    @Test func aPathHasOneSpelling() async throws {
        let world = try RoutesWorld()
        for path in [
            "/", "/v1", "/v1/nothing", "/v1/me/x", "/v1/../v1/me/", "//livez", "/livez/", "/v1//me", "/%6Civez", "/LIVEZ",
            "livez",
            "/livez#", "*", "",
        ] {
            let answer = try await world.send(.get, path)
            #expect(answer.status == 404 && answer.field("name") == "not_found", "\(path)")
            #expect(answer.headers[.cacheControl] == "no-store" && answer.headers[.contentType] == "application/json")
        }
        #expect(try await world.send(.get, "/livez?x").status == 200)
    }

    @Test func headIsAnsweredWhereGetIs() async throws {
        let world = try RoutesWorld()
        for path in ["/livez", "/readyz", "/healthz", "/v1/me", "/nothing"] {
            let (got, head) = (try await world.send(.get, path), try await world.send(.head, path))
            #expect(head.status == got.status && head.headers == got.headers, "\(path)")
        }
    }

    @Test func whatNobodyThoughtOfIsAPlainInternalError() async throws {
        let world = try RoutesWorld()
        let answer = try await world.send(.get, "/broken")
        #expect(answer.status == 500 && answer.field("name") == "internal_error" && !answer.text.contains("secret"))
        // By this its line in the log is found (A49).
        #expect(answer.field("rule") == "trace_id 4bf92f3577b34da6a3ce929d0e0e4736")
    }

    @Test func healthSaysWhetherTheServerIsReady() async throws {
        let world = try RoutesWorld()
        let ready = try await world.send(.get, "/healthz")
        #expect(ready.status == 200 && ready.text == #"{"status":"ok"}"#)
        world.ready.value = false
        for path in ["/healthz", "/readyz", "/readyz?verbose"] {
            let down = try await world.send(.get, path)
            #expect(down.status == 503 && down.text == #"{"status":"unavailable","failed":["storing"]}"#, "\(path)")
        }
        // The process lives all the same (F32).
        #expect(try await world.send(.get, "/livez").status == 200)
    }
}
