import Crypto
import ParleyDomain

/// The secrets of invite links. A link is named in the log, where every member reads it; who holds its token may use it.
///
/// The token is the name and a keyed hash of it, 130 bits in 26 characters, so nothing secret is stored: it can be shown again to those
/// who may, and a token that was guessed fails without a look into the store.
struct LinkSecrets: Sendable {
    private static let secretCharacters = 26
    private let key: SymmetricKey

    /// - Parameter secret: 32 bytes; none: a key that ends with the process, and so do its links.
    init(secret: [UInt8]) {
        self.key = secret.isEmpty ? SymmetricKey(size: .bits256) : SymmetricKey(data: secret)
    }

    /// The name of a link: the same for the same request, so that a repeat finds the same one.
    func name(in conversation: ConversationID, by user: UserID, clientID: ClientID) -> String {
        "k" + Base32.ofEach(SHA256.hash(data: Array("link\n\(conversation)\n\(user)\n\(clientID)".utf8)), characters: 26)
    }

    func token(of name: String) -> String { name + "." + self.secret(of: name) }

    /// The name in a token whose secret is right; nil for any other text.
    func name(in token: String) -> String? {
        let parts = token.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, isIdentifier(String(parts[0])) else { return nil }
        let right = Array(self.secret(of: String(parts[0])).utf8)
        let given = Array(parts[1].utf8)
        guard given.count == right.count else { return nil }
        // Every byte is looked at, so that the time taken tells nothing.
        let difference = zip(right, given).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
        return difference == 0 ? String(parts[0]) : nil
    }

    private func secret(of name: String) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Array(name.utf8), using: self.key)
        return Base32.ofEach(code, characters: Self.secretCharacters)
    }
}
