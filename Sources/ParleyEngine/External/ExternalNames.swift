import Crypto
package import ParleyDomain

/// How the users and sessions of another application are called here.
///
/// A user whose `sub` is 1 to 62 characters of an identifier is `x:` and the `sub`, so that the application can name him;
/// any other is `xh:` and a hash of it. No own account can have such an id: those that register get an `AccountID`, and a plan that
/// names one is refused. So no token can take over an own account, nor the other way round.
package enum ExternalNames {
    private static let plain = "x:"
    private static let hashed = "xh:"

    static func user(subject: String) -> UserID {
        UserID(rawValue: Self.plain + subject) ?? UserID(trusted: Self.hashed + Self.hash(["sub", subject]))
    }

    /// Whether only users of another application may have this id. Whatever its case: names are folded.
    package static func isReserved(_ id: UserID) -> Bool { self.isReserved(id.rawValue) }

    static func isReserved(_ text: String) -> Bool {
        let folded = text.lowercased()
        return folded.hasPrefix(Self.plain) || folded.hasPrefix(Self.hashed)
    }

    /// `x` and a hash; own sessions begin with `s`.
    static func session(subject: String, kind: String, value: String) -> SessionID {
        SessionID(trusted: "x" + Self.hash([subject, kind, value]))
    }

    static func isExternal(_ id: SessionID) -> Bool { id.rawValue.hasPrefix("x") }

    /// 130 bits of SHA-256. NUL is in none of the parts, which the JSON reader has seen to.
    private static func hash(_ parts: [String]) -> String {
        Base32.packed(SHA256.hash(data: Array(parts.joined(separator: "\0").utf8)), characters: 26)
    }
}
