import HTTPTypes
package import Hummingbird
import NIOCore
package import ParleyDomain
package import ParleyEngine
import ParleyWire

/// Accounts over HTTP: JSON objects in and out, `Authorization: Bearer` and no cookies (A33).
///
/// | route | body | answer |
/// |---|---|---|
/// | POST /v1/register, /v1/login | name, password, device (may be left out) | grant |
/// | POST /v1/refresh | refresh_token | grant |
/// | POST /v1/logout | none | logged_out |
/// | POST /v1/ticket | none | ticket |
/// | GET /v1/me | | me |
/// | GET /v1/users?prefix=&limit= | | users |
package struct AccountRoutes: Sendable {
    /// The longest body, in bytes.
    static let bodyBytes = 8_192
    /// The most users that a search gives.
    static let usersMax = 20

    private let accounts: any AccountService & UserDirectory

    package init(accounts: any AccountService & UserDirectory) { self.accounts = accounts }

    package func add(to routes: inout RouteTable) {
        routes.post("/v1/register") { request, context in
            let fields = try await self.fields(of: request, required: ["name", "password"], optional: ["device"])
            return Self.answer(
                try await self.accounts.register(
                    name: fields["name", default: ""], password: fields["password", default: ""],
                    device: fields["device", default: ""], from: context.origin))
        }
        routes.post("/v1/login") { request, context in
            let fields = try await self.fields(of: request, required: ["name", "password"], optional: ["device"])
            return Self.answer(
                try await self.accounts.logIn(
                    name: fields["name", default: ""], password: fields["password", default: ""],
                    device: fields["device", default: ""], from: context.origin))
        }
        routes.post("/v1/refresh") { request, context in
            let fields = try await self.fields(of: request, required: ["refresh_token"])
            return Self.answer(
                try await self.accounts.refresh(
                    token: fields["refresh_token", default: ""], from: context.origin))
        }
        routes.post("/v1/logout") { request, _ in
            let identity = try await self.identity(of: request)
            try await self.expectNoFields(in: request)
            try await self.accounts.logOut(identity)
            return Response.json(#"{"type":"logged_out"}"#)
        }
        routes.post("/v1/ticket") { request, _ in
            let identity = try await self.identity(of: request)
            try await self.expectNoFields(in: request)
            let (ticket, expires) = try await self.accounts.makeTicket(for: identity)
            return Response.json(#"{"type":"ticket","ticket":\#(FlatJSON.quote(ticket)),"expires":\#(expires)}"#)
        }
        routes.get("/v1/me") { request, _ in Self.answer(try await self.identity(of: request)) }
        routes.get("/v1/users") { request, _ in
            _ = try await self.identity(of: request)
            return try await self.users(request)
        }
    }

    // MARK: In

    /// Whose access token the request carries.
    /// - Throws: `notAuthenticated` where there is none, `badToken` or `sessionEnded` where it is not good.
    package func identity(of request: Request) async throws(Refusal) -> Identity {
        guard let header = request.headers[.authorization] else {
            throw Refusal(.notAuthenticated)
        }
        let words = header.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 2, let scheme = words.first, scheme.lowercased() == "bearer", let token = words.last else {
            throw Refusal(.badToken, rule: "Authorization: Bearer, then the token")
        }
        return try await self.accounts.authenticate(token: String(token))
    }

    /// The one place where bodies are decoded.
    private func fields(of request: Request, required: [String], optional: [String] = []) async throws -> [String: String] {
        guard Self.isJSON(request.headers[.contentType]) else {
            throw Refusal(.unsupportedMediaType, field: "content-type", rule: "application/json")
        }
        return try FlatJSON.read(try await self.body(of: request), required: required, optional: optional)
    }

    /// The body may be left out, or be an empty object.
    private func expectNoFields(in request: Request) async throws {
        let body = try await self.body(of: request)
        if !body.isEmpty { _ = try FlatJSON.read(body, required: []) }
    }

    private func body(of request: Request) async throws -> [UInt8] {
        let refusal = Refusal(.frameTooLarge, field: "body", rule: "at most \(Self.bodyBytes) bytes")
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > Self.bodyBytes { throw refusal }
        do {
            return Array(try await request.body.collect(upTo: Self.bodyBytes).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw refusal
        }
    }

    static func isJSON(_ type: String?) -> Bool { self.essence(of: type) == "application/json" }

    /// A media type without its parameters, in lower case.
    static func essence(of type: String?) -> String { (type ?? "").prefix { $0 != ";" && $0 != " " }.lowercased() }

    private func users(_ request: Request) async throws(Refusal) -> Response {
        let query = try Query.read(request.uri.query ?? "", known: ["prefix", "limit"])
        guard let prefix = query["prefix"] else { throw Refusal(.missingField, field: "prefix", rule: "at least 1 character") }
        var limit = Self.usersMax
        if let text = query["limit"] {
            guard let number = Int(text), (1...Self.usersMax).contains(number) else {
                throw Refusal(.outOfRange, field: "limit", rule: "1 to \(Self.usersMax)")
            }
            limit = number
        }
        let users = try await self.accounts.users(prefix: prefix, limit: limit)
        let list = users.map { #"{"user":\#(FlatJSON.quote($0.user.rawValue)),"name":\#(FlatJSON.quote($0.name))}"# }
        return Response.json(#"{"type":"users","users":[\#(list.joined(separator: ","))]}"#)
    }

    // MARK: Out

    private static func answer(_ grant: LoginGrant) -> Response {
        var text = #"{"type":"grant","user":\#(FlatJSON.quote(grant.user.rawValue)),"name":\#(FlatJSON.quote(grant.name)),"#
        text += #""session":\#(FlatJSON.quote(grant.session.rawValue)),"access_token":\#(FlatJSON.quote(grant.accessToken)),"#
        text += #""access_expires":\#(grant.accessExpires),"refresh_token":\#(FlatJSON.quote(grant.refreshToken))}"#
        return Response.json(text)
    }

    private static func answer(_ identity: Identity) -> Response {
        var text = #"{"type":"me","user":\#(FlatJSON.quote(identity.user.rawValue)),"name":\#(FlatJSON.quote(identity.name)),"#
        text += #""session":\#(FlatJSON.quote(identity.session.rawValue)),"device":\#(FlatJSON.quote(identity.device))}"#
        return Response.json(text)
    }
}

/// The part of an address behind the question mark.
enum Query {
    /// - Throws: `unknownField`, `duplicateKey`, `badRequest` for a broken escape, `badText` for what is not UTF-8.
    static func read(_ text: String, known: [String]) throws(Refusal) -> [String: String] {
        var values: [String: String] = [:]
        for pair in text.utf8.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let first = parts.first, let last = parts.last else { continue }
            let name = try Self.decoded(first, field: "")
            guard known.contains(name) else { throw Refusal(.unknownField, field: NamePlate.of(name)) }
            guard values[name] == nil else { throw Refusal(.duplicateKey, field: name) }
            values[name] = parts.count == 2 ? try Self.decoded(last, field: name) : ""
        }
        return values
    }

    private static func decoded(_ text: Substring.UTF8View, field: String) throws(Refusal) -> String {
        var (rest, bytes) = (text, [UInt8]())
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit) else {
                    throw Refusal(.badRequest, field: field, rule: "%, then two hexadecimal digits")
                }
                bytes.append(UInt8(truncatingIfNeeded: high << 4 | low))
            default: bytes.append(byte)
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw Refusal(.badText, field: field, rule: "valid UTF-8 without NUL")
        }
        return text
    }
}
