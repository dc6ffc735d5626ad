import ParleyDomain

/// What a good token of another application says.
struct ExternalClaims: Sendable, Equatable {
    /// The `sub`: 1 to 255 bytes.
    var subject: String
    /// The `name`, as it came.
    var name: String?
    /// What the token's session is called by: its `sid`, else its `jti`, else the hash of the token.
    var session: SessionID
    /// In milliseconds since 1970.
    var expires: Int64
}

/// Checks tokens (JWT in compact form, signed) of another application: RFC 7519 as RFC 8725 says to do it (A28).
///
/// A value without I/O. What is not written here is refused:
///
/// | part | must be |
/// |---|---|
/// | the token | at most 4,000 bytes: three parts in strict base64url; header and claims JSON without a doubled key |
/// | `alg` | the one that the operator set |
/// | `typ` | `JWT` or `at+jwt` |
/// | `kid` | with a set of keys: one of it; else not looked at |
/// | `jku jwk x5u x5c crit b64 zip enc cty` | not there: no key and no rule comes from a token |
/// | `iss`, `aud` | the issuer and the audience that the operator set; `aud` may be a list with it |
/// | `exp` | in the future, at most 90 days ahead |
/// | `nbf`, `iat` | where they are there: not more than 60 s ahead |
/// | `sub` | a text of 1 to 255 bytes |
///
/// Times are whole seconds.
package struct TokenVerifier: Sendable {
    /// Longest token, in bytes: with what is around it, it fits the longest frame before log-in.
    static let longestToken = 4_000
    /// By how much clocks may differ, in seconds, for `nbf` and `iat`. An `exp` is not stretched.
    static let leeway: Int64 = 60
    /// Furthest `exp`, in seconds from now: no token is for ever, and a time in milliseconds is noticed.
    static let longestLife: Int64 = 90 * 86_400
    /// Longest `sub`, `sid` and `jti`, in bytes (OpenID Connect Core, 2).
    static let textBytesMax = 255

    private static let refusedHeaders = ["jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc", "cty"]

    let keys: TokenKeys
    /// Whose tokens are taken, byte by byte.
    package let issuer: String
    let audience: String

    package init(keys: TokenKeys, issuer: String, audience: String) {
        self.keys = keys
        self.issuer = issuer
        self.audience = audience
    }

    /// - Throws: `badToken` with the rule that the token breaks. Claims are looked at, and told about, only after the signature held.
    func verify(_ token: String, at now: Int64) throws(Refusal) -> ExternalClaims {
        guard token.utf8.count <= Self.longestToken else { throw Self.bad("at most \(Self.longestToken) bytes") }
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Base64URL.decode(parts[0]), let payload = Base64URL.decode(parts[1]),
            let signature = Base64URL.decode(parts[2]), !signature.isEmpty
        else { throw Self.bad("three parts in base64url") }
        guard let header = TokenObject(header) else { throw Self.bad("a header that is one JSON object") }
        let key = try self.key(for: header)
        let signed = Array(token.utf8.prefix(parts[0].count + 1 + parts[1].count))
        guard key.verifies(signature, of: signed) else { throw Self.bad("a signature by a key of this server's operator") }
        guard let claims = TokenObject(payload) else { throw Self.bad("claims that are one JSON object") }
        return try self.check(claims, of: token, at: now / 1_000)
    }

    private func key(for header: TokenObject) throws(Refusal) -> VerifyingKey {
        guard header.text("alg") == self.keys.algorithm.rawValue else {
            throw Self.bad("alg \(self.keys.algorithm.rawValue)")
        }
        switch header.text("typ")?.lowercased() {
        case "jwt", "at+jwt": break
        default: throw Self.bad("typ JWT or at+jwt")
        }
        for name in Self.refusedHeaders where header[name] != nil { throw Self.bad("no \(name) in the header") }
        switch self.keys.table {
        case .one(let key): return key
        case .named(let keys):
            guard let kid = header.text("kid"), let key = keys[kid] else { throw Self.bad("a kid of the key set") }
            return key
        }
    }

    private func check(_ claims: TokenObject, of token: String, at now: Int64) throws(Refusal) -> ExternalClaims {
        guard claims.text("iss") == self.issuer else { throw Self.bad("the issuer that this server takes tokens of") }
        switch claims["aud"] {
        case .text(self.audience): break
        case .texts(let audiences) where audiences.contains(self.audience): break
        default: throw Self.bad("this server in aud")
        }
        guard case .integer(let expires) = claims["exp"], expires > now, expires - now <= Self.longestLife else {
            throw Self.bad("exp in whole seconds, in the future and at most \(Self.longestLife / 86_400) days ahead")
        }
        for name in ["nbf", "iat"] {
            switch claims[name] {
            case nil: break
            case .integer(let time) where time >= 0 && time <= now + Self.leeway: break
            default: throw Self.bad("\(name) in whole seconds, at most \(Self.leeway) s ahead")
            }
        }
        guard let subject = claims.text("sub"), (1...Self.textBytesMax).contains(subject.utf8.count) else {
            throw Self.bad("a sub of 1 to \(Self.textBytesMax) bytes")
        }
        let session = try Self.session(claims, subject: subject, token: token)
        return ExternalClaims(subject: subject, name: claims.text("name"), session: session, expires: expires * 1_000)
    }

    private static func session(_ claims: TokenObject, subject: String, token: String) throws(Refusal) -> SessionID {
        for name in ["sid", "jti"] where claims[name] != nil {
            guard let text = claims.text(name), (1...Self.textBytesMax).contains(text.utf8.count) else {
                throw Self.bad("a \(name) of 1 to \(Self.textBytesMax) bytes")
            }
            return ExternalNames.session(subject: subject, kind: name, value: text)
        }
        return ExternalNames.session(subject: subject, kind: "token", value: token)
    }

    private static func bad(_ rule: String) -> Refusal { Refusal(.badToken, field: "token", rule: rule) }
}
