import Crypto
import ParleyDomain

/// Signs and opens one kind of token: `<prefix><payload>.<HMAC-SHA256 of all before the dot>`, in base64url.
///
/// One algorithm, one key per kind of token, nothing in the token that says how to check it (A28).
struct TokenSeal: Sendable {
    /// Longer texts are no tokens of ours. In bytes.
    static let longestToken = 512

    private let prefix: [UInt8]
    private let key: SymmetricKey

    /// - Parameter secret: 32 random bytes from the store, used for this kind of token only.
    init(prefix: TokenPrefix, secret: [UInt8]) {
        self.prefix = Array(prefix.rawValue.utf8)
        self.key = SymmetricKey(data: secret)
    }

    func seal(_ payload: [UInt8]) -> String {
        let signed = String(decoding: self.prefix, as: UTF8.self) + Base64URL.encode(payload)
        let code = HMAC<SHA256>.authenticationCode(for: Array(signed.utf8), using: self.key)
        return signed + "." + Base64URL.encode(code)
    }

    /// The payload; nil for anything but a text that `seal` has made with this key. Compares in constant time.
    func open(_ token: String) -> [UInt8]? {
        let bytes = token.utf8
        guard bytes.count <= Self.longestToken, bytes.starts(with: self.prefix) else { return nil }
        let body = bytes.dropFirst(self.prefix.count)
        guard let dot = body.firstIndex(of: UInt8(ascii: ".")),
            let payload = Base64URL.decode(body[..<dot]),
            let code = Base64URL.decode(body[body.index(after: dot)...]),
            HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Array(bytes[..<dot]), using: self.key)
        else { return nil }
        return payload
    }
}

/// What the text of each kind of credential begins with.
enum TokenPrefix: String, CaseIterable {
    case access = "pa1."
    case refresh = "pr1."
    case longLived = "pl1."
    case ticket = "pt1."

    init?(of token: String) {
        guard let match = Self.allCases.first(where: { token.utf8.starts(with: $0.rawValue.utf8) }) else { return nil }
        self = match
    }
}

/// What an access token says.
struct AccessClaims: Equatable {
    var session: SessionID
    var user: UserID
    /// In milliseconds since 1970.
    var expires: Int64

    init(session: SessionID, user: UserID, expires: Int64) {
        self.session = session
        self.user = user
        self.expires = expires
    }

    init?(_ bytes: [UInt8]) {
        var rest = bytes[...]
        guard let session = takeText(&rest), let user = takeText(&rest), rest.count == 8,
            let session = SessionID(rawValue: session), let user = UserID(rawValue: user)
        else { return nil }
        self.init(session: session, user: user, expires: rest.reduce(0) { $0 << 8 | Int64($1) })
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        putText(self.session.rawValue, to: &bytes)
        putText(self.user.rawValue, to: &bytes)
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: self.expires >> Int64(shift)))
        }
        return bytes
    }
}

/// What a refresh token says: whose it is, and 32 bytes that nobody can guess.
///
/// It is signed so that a refresh token that is not the session's newest is known to be an old one of ours, without a
/// record of those used (A29); and so that forged ones never reach the store.
struct RefreshClaims: Equatable {
    static let secretBytes = 32

    var session: SessionID
    var secret: [UInt8]

    init(session: SessionID, secret: [UInt8]) {
        self.session = session
        self.secret = secret
    }

    init?(_ bytes: [UInt8]) {
        var rest = bytes[...]
        guard let session = takeText(&rest), rest.count == Self.secretBytes, let session = SessionID(rawValue: session)
        else { return nil }
        self.init(session: session, secret: Array(rest))
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        putText(self.session.rawValue, to: &bytes)
        return bytes + self.secret
    }
}

/// The SHA-256 of a token's whole text: what is stored of it.
func tokenHash(_ token: String) -> [UInt8] {
    Array(SHA256.hash(data: Array(token.utf8)))
}

/// Identifiers are at most 64 bytes long: one byte of length.
private func putText(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(clamping: text.utf8.count))
    bytes += text.utf8
}

private func takeText(_ bytes: inout ArraySlice<UInt8>) -> String? {
    guard let count = bytes.popFirst(), bytes.count >= Int(count) else { return nil }
    defer { bytes = bytes.dropFirst(Int(count)) }
    return String(decoding: bytes.prefix(Int(count)), as: UTF8.self)
}
