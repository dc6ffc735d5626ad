import Crypto
import CryptoExtras
import Foundation
import ParleyDomain

@testable import ParleyEngine

/// Makes tokens, right and wrong ones, and the files of the keys that check them.
struct TokenSmith {
    enum Key {
        case secret([UInt8])
        case rsa(_RSA.Signing.PrivateKey)
        case edDSA(Curve25519.Signing.PrivateKey)
    }

    /// Signs as the algorithms do.
    static func sign(_ text: String, with key: Key) throws -> [UInt8] {
        let bytes = Array(text.utf8)
        switch key {
        case .secret(let secret):
            return Array(HMAC<SHA256>.authenticationCode(for: bytes, using: SymmetricKey(data: secret)))
        case .rsa(let key):
            return Array(try key.signature(for: SHA256.hash(data: bytes), padding: .insecurePKCS1v1_5).rawRepresentation)
        case .edDSA(let key): return Array(try key.signature(for: bytes))
        }
    }

    static func token(header: String, claims: String, key: Key) throws -> String {
        let signed = Base64URL.encode(header.utf8) + "." + Base64URL.encode(claims.utf8)
        return signed + "." + Base64URL.encode(try Self.sign(signed, with: key))
    }

    /// The time at which `AccountWorld`'s clock begins, in seconds.
    static let start: Int64 = 1_700_000_000
    static let secret = Array("a secret of more than 32 bytes: 0123456789".utf8)
    static let issuer = "https://app.example"
    static let audience = "parley"

    /// Claims as JSON; an override of nil leaves one out. Values are JSON.
    static func claims(_ overrides: [(String, String?)] = []) -> String {
        var claims: [(String, String?)] = [
            ("iss", "\"\(self.issuer)\""), ("aud", "\"\(self.audience)\""), ("sub", #""ann""#), ("exp", "\(self.start + 600)"),
            ("iat", "\(self.start)"), ("name", #""Ann""#),
        ]
        for (name, value) in overrides {
            if let index = claims.firstIndex(where: { $0.0 == name }) {
                claims[index].1 = value
            } else {
                claims.append((name, value))
            }
        }
        let fields = claims.compactMap { name, value in value.map { "\"\(name)\":\($0)" } }
        return "{\(fields.joined(separator: ","))}"
    }

    static func good(_ overrides: [(String, String?)] = []) throws -> String {
        try self.token(header: #"{"alg":"HS256","typ":"JWT"}"#, claims: self.claims(overrides), key: .secret(self.secret))
    }

    static func verifier(issuer: String = issuer) throws -> TokenVerifier {
        TokenVerifier(
            keys: try TokenKeys(algorithm: .hs256, keyFile: self.secret), issuer: issuer, audience: self.audience)
    }

    static func jwk(_ key: Key, kid: String, more: String = "") -> String {
        let fields =
            switch key {
            case .secret(let secret): #""kty":"oct","k":"\#(Base64URL.encode(secret))""#
            case .rsa(let key):
                if let parts = try? key.publicKey.getKeyPrimitives() {
                    #""kty":"RSA","n":"\#(Base64URL.encode(parts.modulus))","e":"\#(Base64URL.encode(parts.publicExponent))""#
                } else {
                    ""
                }
            case .edDSA(let key):
                #""kty":"OKP","crv":"Ed25519","x":"\#(Base64URL.encode(key.publicKey.rawRepresentation))""#
            }
        return #"{"kid":"\#(kid)",\#(fields)\#(more)}"#
    }

    static func set(_ keys: [String]) -> [UInt8] { Array(#"{"keys":[\#(keys.joined(separator: ","))]}"#.utf8) }

    /// A public Ed25519 key as OpenSSL writes it.
    static func pem(_ key: Curve25519.Signing.PrivateKey) -> String {
        let head: [UInt8] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]
        let der = Data(head + Array(key.publicKey.rawRepresentation))
        return "-----BEGIN PUBLIC KEY-----\n\(der.base64EncodedString())\n-----END PUBLIC KEY-----\n"
    }
}
