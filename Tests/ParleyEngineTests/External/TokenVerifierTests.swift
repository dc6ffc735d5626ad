import Crypto
import CryptoExtras
import ParleyDomain
import Testing

@testable import ParleyEngine

/// Tokens of another application: what is taken, and what is not (A28; RFC 8725).
@Suite struct TokenVerifierTests {
    private let now = TokenSmith.start * 1_000

    private func rule(_ token: String, _ verifier: TokenVerifier? = nil, at now: Int64? = nil) throws -> String? {
        let verifier = try verifier ?? TokenSmith.verifier()
        do {
            _ = try verifier.verify(token, at: now ?? self.now)
            return nil
        } catch {
            #expect(error.code == .badToken)
            return error.rule
        }
    }

    @Test func goodTokensOfEachAlgorithmAreTakenByKeyAndBySet() throws {
        let rsa = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let edDSA = Curve25519.Signing.PrivateKey()
        let cases: [(TokenAlgorithm, TokenSmith.Key, [UInt8])] = [
            (.hs256, .secret(TokenSmith.secret), TokenSmith.secret + [0x0D, 0x0A]),
            (.rs256, .rsa(rsa), Array(rsa.publicKey.pemRepresentation.utf8)),
            (.edDSA, .edDSA(edDSA), Array(TokenSmith.pem(edDSA).utf8)),
        ]
        for (algorithm, key, file) in cases {
            let set = TokenSmith.set([TokenSmith.jwk(key, kid: "k/1")])
            let verifiers = [
                try TokenKeys(algorithm: algorithm, keyFile: file), try TokenKeys(algorithm: algorithm, keySetFile: set),
            ].map { TokenVerifier(keys: $0, issuer: TokenSmith.issuer, audience: TokenSmith.audience) }
            for typ in ["JWT", "at+jwt", "jwt"] {
                let header = #"{"alg":"\#(algorithm.rawValue)","typ":"\#(typ)","kid":"k/1","x5t":"ignored"}"#
                let token = try TokenSmith.token(header: header, claims: TokenSmith.claims(), key: key)
                for verifier in verifiers {
                    let claims = try verifier.verify(token, at: self.now)
                    #expect(claims.subject == "ann" && claims.name == "Ann")
                    #expect(claims.expires == self.now + 600_000)
                }
            }
            let other = try TokenSmith.token(
                header: #"{"alg":"\#(algorithm.rawValue)","typ":"JWT","kid":"k2"}"#, claims: TokenSmith.claims(), key: key)
            #expect(try self.rule(other, verifiers[0]) == nil, "one key: the kid is not looked at")
            #expect(try self.rule(other, verifiers[1]) == "a kid of the key set")
        }
    }

    @Test(arguments: [
        (#"{"alg":"none","typ":"JWT"}"#, "alg HS256"), (#"{"alg":"None","typ":"JWT"}"#, "alg HS256"),
        (#"{"alg":"hs256","typ":"JWT"}"#, "alg HS256"), (#"{"alg":"HS384","typ":"JWT"}"#, "alg HS256"),
        (#"{"alg":"RS256","typ":"JWT"}"#, "alg HS256"), (#"{"alg":["HS256"],"typ":"JWT"}"#, "alg HS256"),
        (#"{"alg":null,"typ":"JWT"}"#, "alg HS256"), (#"{"typ":"JWT"}"#, "alg HS256"),
        (#"{"alg":"HS256"}"#, "typ JWT or at+jwt"), (#"{"alg":"HS256","typ":"JOSE"}"#, "typ JWT or at+jwt"),
        (#"{"alg":"HS256","typ":"refresh+jwt"}"#, "typ JWT or at+jwt"),
        (#"{"alg":"HS256","typ":"JWT","jku":"https://evil.example"}"#, "no jku in the header"),
        (#"{"alg":"HS256","typ":"JWT","jwk":{}}"#, "no jwk in the header"),
        (#"{"alg":"HS256","typ":"JWT","x5u":""}"#, "no x5u in the header"),
        (#"{"alg":"HS256","typ":"JWT","x5c":[]}"#, "no x5c in the header"),
        (#"{"alg":"HS256","typ":"JWT","crit":["exp"]}"#, "no crit in the header"),
        (#"{"alg":"HS256","typ":"JWT","b64":false}"#, "no b64 in the header"),
        (#"{"alg":"HS256","typ":"JWT","zip":"DEF"}"#, "no zip in the header"),
        (#"{"alg":"HS256","typ":"JWT","cty":"JWT"}"#, "no cty in the header"),
        (#"{"alg":"HS256","alg":"HS256","typ":"JWT"}"#, "a header that is one JSON object"),
        (#"{"alg":"HS256","\u0061lg":"none","typ":"JWT"}"#, "a header that is one JSON object"),
        (#"{"alg":"HS256","typ":"JWT"}{}"#, "a header that is one JSON object"),
        (#"["alg","HS256"]"#, "a header that is one JSON object"), ("", "a header that is one JSON object"),
    ])
    func badHeadersAreRefusedThoughTheSignatureHolds(_ header: String, _ rule: String) throws {
        let token = try TokenSmith.token(header: header, claims: TokenSmith.claims(), key: .secret(TokenSmith.secret))
        #expect(try self.rule(token) == rule)
    }

    @Test(
        arguments: [
            ("iss", nil), ("iss", #""https://app.example/""#), ("iss", #"["https://app.example"]"#), ("iss", "1"),
            ("aud", nil), ("aud", #""other""#), ("aud", "[]"), ("aud", #"["other"]"#), ("aud", #"["parley",1]"#),
            ("aud", #""Parley""#),
            ("exp", nil), ("exp", "0"), ("exp", "-1"), ("exp", "1700000000"), ("exp", #""1700000600""#), ("exp", "1700000600.5"),
            ("exp", "1.7000006e9"), ("exp", "1700000600000"), ("exp", "99999999999999999999"), ("exp", "1707776001"),
            ("nbf", "1700000061"), ("nbf", #""0""#), ("nbf", "null"), ("nbf", "-1"), ("iat", "1700000061"),
            ("iat", "9007199254740991"),
            ("iat", "true"), ("sub", nil), ("sub", #""""#), ("sub", "7"), ("sub", "null"), ("sub", #""a\u0000b""#),
            ("sid", #""""#),
            ("sid", "5"), ("jti", "[]"),
        ] as [(String, String?)])
    func badClaimsAreRefused(_ name: String, _ value: String?) throws {
        let rule = try self.rule(try TokenSmith.good([(name, value)]))
        #expect(rule != nil && rule != "a signature by a key of this server's operator", "\(name) \(value ?? "left out")")
    }

    @Test(
        arguments: [
            ("aud", #"["other","parley"]"#), ("exp", "1700000001"), ("exp", "1707776000"), ("nbf", "1700000060"),
            ("iat", "1700000060"),
            ("iat", nil), ("name", nil), ("name", "5"), ("sid", #""s""#), ("extra", #"{"deep":[{"a":1.5}]}"#),
        ] as [(String, String?)])
    func claimsWithinTheRulesAreTaken(_ name: String, _ value: String?) throws {
        #expect(try self.rule(try TokenSmith.good([(name, value)])) == nil)
    }

    @Test func claimsAreReadOnlyOnceTheSignatureHeld() throws {
        let token = try TokenSmith.token(
            header: #"{"alg":"HS256","typ":"JWT"}"#, claims: "{", key: .secret(TokenSmith.secret.reversed()))
        #expect(try self.rule(token) == "a signature by a key of this server's operator")
        let doubled = try TokenSmith.token(
            header: #"{"alg":"HS256","typ":"JWT"}"#, claims: #"{"sub":"ann",\#(TokenSmith.claims().dropFirst())"#,
            key: .secret(TokenSmith.secret))
        #expect(try self.rule(doubled) == "claims that are one JSON object")
    }

    @Test func everyFlippedBitIsRefused() throws {
        let token = Array(try TokenSmith.good().utf8)
        for index in token.indices {
            for bit in 0..<7 {
                var forged = token
                forged[index] ^= 1 << bit
                #expect(try self.rule(String(decoding: forged, as: UTF8.self)) != nil, "byte \(index), bit \(bit)")
            }
        }
    }

    @Test func partsAndLengthAreCheckedBeforeAnyWork() throws {
        let token = try TokenSmith.good()
        let signed = token.prefix { $0 != "." } + "." + token.split(separator: ".")[1]
        for broken in [signed + ".", String(signed), token + ".", token + ".x", "." + token, "..", token + "=", token + "\n"] {
            #expect(try self.rule(String(broken)) == "three parts in base64url", "\(broken.suffix(8))")
        }
        let longest = try TokenSmith.good([("pad", "\"\(String(repeating: "a", count: 2_780))\"")])
        #expect(longest.utf8.count > 3_900 && longest.utf8.count <= 4_000)
        #expect(try self.rule(longest) == nil)
        #expect(try self.rule(String(repeating: "a", count: 4_001)) == "at most 4000 bytes")
    }

    @Test func tokenIsGoodUntilTheSecondOfItsExpiry() throws {
        let token = try TokenSmith.good()
        #expect(try self.rule(token, at: self.now + 599_999) == nil)
        #expect(try self.rule(token, at: self.now + 600_000) != nil)
    }

    @Test func publicKeyOfOneAlgorithmIsNoSecretOfAnother() throws {
        let rsa = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let pem = Array(rsa.publicKey.pemRepresentation.utf8)
        let verifier = TokenVerifier(
            keys: try TokenKeys(algorithm: .rs256, keyFile: pem), issuer: TokenSmith.issuer, audience: TokenSmith.audience)
        for secret in [pem, Array(rsa.publicKey.pkcs1DERRepresentation), Array(rsa.publicKey.derRepresentation)] {
            for algorithm in ["HS256", "RS256"] {
                let token = try TokenSmith.token(
                    header: #"{"alg":"\#(algorithm)","typ":"JWT"}"#, claims: TokenSmith.claims(), key: .secret(secret))
                #expect(try self.rule(token, verifier) != nil)
            }
        }
        // Nor can an operator be talked into it.
        #expect(throws: KeyFault.self) { try TokenKeys(algorithm: .hs256, keyFile: pem) }
    }
}

/// Files of keys: a mistake in one is said at start, not found out later.
@Suite struct TokenKeysTests {
    @Test func weakAndWrongKeyFilesAreRefused() throws {
        let edDSA = Curve25519.Signing.PrivateKey()
        let weak = try _RSA.Signing.PrivateKey(unsafeKeySize: .init(bitCount: 1_024))
        let strong = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let files: [(TokenAlgorithm, String)] = [
            (.hs256, String(repeating: "s", count: 31)), (.hs256, String(repeating: "s", count: 31) + "\n\n"), (.hs256, ""),
            (.hs256, TokenSmith.pem(edDSA)), (.rs256, TokenSmith.pem(edDSA)), (.edDSA, strong.publicKey.pemRepresentation),
            (.rs256, weak.publicKey.pemRepresentation), (.rs256, strong.pemRepresentation), (.rs256, "no key at all"),
            (.edDSA, TokenSmith.pem(edDSA).replacing("A", with: "!")), (.edDSA, ""),
        ]
        for (algorithm, file) in files {
            #expect(throws: KeyFault.self, "\(algorithm): \(file.prefix(30))") {
                try TokenKeys(algorithm: algorithm, keyFile: Array(file.utf8))
            }
        }
    }

    @Test func doubtfulKeySetsAreRefused() throws {
        let (one, two) = (Curve25519.Signing.PrivateKey(), Curve25519.Signing.PrivateKey())
        let good = TokenSmith.jwk(.edDSA(one), kid: "a")
        let sets: [[UInt8]] = [
            TokenSmith.set([]), Array("[]".utf8), Array(#"{"keys":{}}"#.utf8), Array(#"{"keys":[],"keys":[]}"#.utf8),
            // Two keys by one name: which one counts would be anybody's guess.
            TokenSmith.set([good, TokenSmith.jwk(.edDSA(two), kid: "a")]),
            TokenSmith.set([good, TokenSmith.jwk(.secret(TokenSmith.secret), kid: "a")]),
            TokenSmith.set([good, #"{"kid":"b","kid":"c","kty":"oct"}"#]),
            TokenSmith.set([TokenSmith.jwk(.edDSA(one), kid: "")]), TokenSmith.set([#"{"kty":"OKP","crv":"Ed25519","x":"AA"}"#]),
            TokenSmith.set([TokenSmith.jwk(.edDSA(one), kid: "a", more: #","d":"c2VjcmV0""#)]),
            TokenSmith.set([TokenSmith.jwk(.secret(TokenSmith.secret), kid: "a")]),
            TokenSmith.set([TokenSmith.jwk(.edDSA(one), kid: "a", more: #","use":"enc""#)]),
            TokenSmith.set([TokenSmith.jwk(.edDSA(one), kid: "a", more: #","alg":"ES256""#)]),
            TokenSmith.set([TokenSmith.jwk(.edDSA(one), kid: "a", more: #","key_ops":["sign"]"#)]),
            TokenSmith.set([#"{"kid":"a","kty":"OKP","crv":"Ed25519","x":"A+=="}"#]),
            TokenSmith.set((0...64).map { TokenSmith.jwk(.edDSA(one), kid: "k\($0)") }),
        ]
        for set in sets {
            #expect(throws: KeyFault.self, "\(String(decoding: set.prefix(90), as: UTF8.self))") {
                try TokenKeys(algorithm: .edDSA, keySetFile: set)
            }
        }
        #expect(throws: KeyFault.self, "short secret") {
            try TokenKeys(algorithm: .hs256, keySetFile: TokenSmith.set([TokenSmith.jwk(.secret([1, 2, 3]), kid: "a")]))
        }
    }

    @Test func keysForSomethingElseArePassedOver() throws {
        let key = Curve25519.Signing.PrivateKey()
        let set = TokenSmith.set([
            #"{"kid":"e","kty":"RSA","use":"enc","n":"AQ","e":"AQAB"}"#,
            TokenSmith.jwk(.edDSA(key), kid: "a", more: #","use":"sig""#),
            TokenSmith.jwk(.secret(TokenSmith.secret), kid: "s"),
        ])
        guard case .named(let table) = try TokenKeys(algorithm: .edDSA, keySetFile: set).table else { return }
        #expect(Array(table.keys) == ["a"])
    }
}
