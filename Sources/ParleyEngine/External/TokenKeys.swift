import Crypto
import CryptoExtras

/// How the tokens of another application are signed: set by the operator, never read from a token (RFC 8725, 3.1; A28).
package enum TokenAlgorithm: String, Sendable, CaseIterable {
    case hs256 = "HS256"
    case rs256 = "RS256"
    case edDSA = "EdDSA"
}

/// Why a key, or a set of keys, cannot be used: one sentence for the operator. Never quotes the key.
package struct KeyFault: Error, Sendable, CustomStringConvertible {
    package var description: String
    init(_ description: String) { self.description = description }
}

/// A key that checks signatures of one algorithm; it cannot be used with another one.
enum VerifyingKey: Sendable {
    case hs256(SymmetricKey)
    case rs256(_RSA.Signing.PublicKey)
    case edDSA(Curve25519.Signing.PublicKey)

    /// Shortest secret of HS256, in bytes: as long as the hash (RFC 7518, 3.2).
    static let secretBytesMin = 32
    /// Longest RSA modulus, in bits: a larger one would make each check costly.
    static let modulusBitsMax = 8_192

    /// Compares in constant time where there is a secret.
    func verifies(_ signature: [UInt8], of signed: [UInt8]) -> Bool {
        switch self {
        case .hs256(let key): HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: signed, using: key)
        case .rs256(let key):
            key.isValidSignature(
                _RSA.Signing.RSASignature(rawRepresentation: signature), for: SHA256.hash(data: signed),
                padding: .insecurePKCS1v1_5)
        case .edDSA(let key): signature.count == 64 && key.isValidSignature(signature, for: signed)
        }
    }

    static func secret(_ bytes: [UInt8]) throws(KeyFault) -> VerifyingKey {
        guard bytes.count >= Self.secretBytesMin else {
            throw KeyFault("the secret has \(bytes.count) bytes; HS256 takes at least \(Self.secretBytesMin)")
        }
        return .hs256(SymmetricKey(data: bytes))
    }

    static func rsa(modulus: [UInt8], exponent: [UInt8]) throws(KeyFault) -> VerifyingKey {
        do {
            return try Self.rsa(_RSA.Signing.PublicKey(n: modulus, e: exponent))
        } catch {
            throw KeyFault("no RSA key of 2048 to \(Self.modulusBitsMax) bits")
        }
    }

    static func rsa(_ key: _RSA.Signing.PublicKey) throws(KeyFault) -> VerifyingKey {
        guard (2_048...Self.modulusBitsMax).contains(key.keySizeInBits) else {
            throw KeyFault("no RSA key of 2048 to \(Self.modulusBitsMax) bits")
        }
        return .rs256(key)
    }

    static func ed25519(_ bytes: [UInt8]) throws(KeyFault) -> VerifyingKey {
        guard bytes.count == 32, let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else {
            throw KeyFault("no Ed25519 public key")
        }
        return .edDSA(key)
    }
}

/// The keys that tokens may be signed with.
package struct TokenKeys: Sendable {
    enum Table: Sendable {
        /// One key; a token's `kid` is not looked at.
        case one(VerifyingKey)
        /// By `kid`, which a token must name.
        case named([String: VerifyingKey])
    }

    let algorithm: TokenAlgorithm
    let table: Table

    init(algorithm: TokenAlgorithm, table: Table) {
        self.algorithm = algorithm
        self.table = table
    }

    /// The one key of a file: for HS256 the secret itself (a line end after it does not count), else a public key in PEM.
    package init(algorithm: TokenAlgorithm, keyFile bytes: [UInt8]) throws(KeyFault) {
        let text = String(validating: bytes, as: UTF8.self)
        let isPEM = text?.contains("-----BEGIN") ?? false
        switch algorithm {
        case .hs256:
            // A public key taken for a secret is the oldest hole of all: whoever has it could sign.
            guard !isPEM else { throw KeyFault("HS256 takes a secret, not a key in PEM") }
            var secret = bytes[...]
            while secret.last == UInt8(ascii: "\n") || secret.last == UInt8(ascii: "\r") { secret.removeLast() }
            self.init(algorithm: algorithm, table: .one(try .secret(Array(secret))))
        case .rs256, .edDSA:
            guard let text, isPEM else { throw KeyFault("\(algorithm.rawValue) takes a public key in PEM") }
            guard !text.contains("PRIVATE KEY-----") else {
                throw KeyFault("the file holds a private key: give the public one, and keep the other where tokens are made")
            }
            self.init(algorithm: algorithm, table: .one(try Self.publicKey(text, algorithm)))
        }
    }

    private static func publicKey(_ pem: String, _ algorithm: TokenAlgorithm) throws(KeyFault) -> VerifyingKey {
        if algorithm == .rs256 {
            guard let key = try? _RSA.Signing.PublicKey(pemRepresentation: pem) else {
                throw KeyFault("no RSA public key of 2048 bits or more in PEM")
            }
            return try .rsa(key)
        }
        // SubjectPublicKeyInfo of an Ed25519 key: these twelve bytes, then the key (RFC 8410, 4).
        let head: [UInt8] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]
        guard let der = Self.block("PUBLIC KEY", of: pem), der.starts(with: head) else {
            throw KeyFault("no Ed25519 public key in PEM")
        }
        return try .ed25519(Array(der.dropFirst(head.count)))
    }

    /// The bytes of the first PEM block of this label.
    private static func block(_ label: String, of pem: String) -> [UInt8]? {
        guard let begin = pem.firstRange(of: "-----BEGIN \(label)-----"),
            let end = pem[begin.upperBound...].firstRange(of: "-----END \(label)-----")
        else { return nil }
        let text = pem[begin.upperBound..<end.lowerBound].utf8.compactMap { byte -> UInt8? in
            switch byte {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            case UInt8(ascii: "="), UInt8(ascii: "\n"), UInt8(ascii: "\r"): nil
            default: byte
            }
        }
        return Base64URL.decode(text)
    }
}
