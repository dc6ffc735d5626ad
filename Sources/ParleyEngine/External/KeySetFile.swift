extension TokenKeys {
    /// Most keys of a set.
    static let keysMax = 64

    /// The keys of a JWKS file (RFC 7517) that are for signatures of this algorithm. Others (another `kty`, `use` or `alg`)
    /// are passed over, as providers keep several kinds in one set; that none is left is an error.
    ///
    /// Each key has a `kid` of its own: one that stands twice is refused, whatever the keys. Private parts are refused too.
    package init(algorithm: TokenAlgorithm, keySetFile bytes: [UInt8]) throws(KeyFault) {
        guard let object = TokenObject(bytes), case .objects(let keys) = object["keys"] else {
            throw KeyFault(#"no JSON of the form {"keys":[{...}]} in which no name stands twice"#)
        }
        guard keys.count <= Self.keysMax else { throw KeyFault("more than \(Self.keysMax) keys") }
        var table: [String: VerifyingKey] = [:]
        var seen: Set<String> = []
        for (index, key) in keys.enumerated() {
            guard let kid = key.text("kid"), (1...Self.kidBytesMax).contains(kid.utf8.count) else {
                throw KeyFault("key \(index + 1) has no kid of 1 to \(Self.kidBytesMax) bytes")
            }
            guard seen.insert(kid).inserted else { throw KeyFault("key \(index + 1) has the kid of one before it") }
            do throws(KeyFault) {
                if let key = try Self.key(key, algorithm) { table[kid] = key }
            } catch {
                throw KeyFault("key \(index + 1): \(error.description)")
            }
        }
        guard !table.isEmpty else { throw KeyFault("no key for signatures with \(algorithm.rawValue)") }
        self.init(algorithm: algorithm, table: .named(table))
    }

    /// Longest `kid`, in bytes.
    static let kidBytesMax = 256

    /// Nil for a key that is for something else.
    private static func key(_ key: TokenObject, _ algorithm: TokenAlgorithm) throws(KeyFault) -> VerifyingKey? {
        switch key["use"] {
        case nil, .text("sig"): break
        default: return nil
        }
        switch key["key_ops"] {
        case nil: break
        case .texts(let operations) where operations.contains("verify"): break
        default: return nil
        }
        switch key["alg"] {
        case nil, .text(algorithm.rawValue): break
        default: return nil
        }
        switch (algorithm, key.text("kty")) {
        case (.hs256, "oct"): return try .secret(try Self.bytes("k", of: key))
        case (.rs256, "RSA"):
            try Self.expectPublic(key)
            return try .rsa(modulus: Self.bytes("n", of: key), exponent: Self.bytes("e", of: key))
        case (.edDSA, "OKP") where key.text("crv") == "Ed25519":
            try Self.expectPublic(key)
            return try .ed25519(try Self.bytes("x", of: key))
        default: return nil
        }
    }

    private static func expectPublic(_ key: TokenObject) throws(KeyFault) {
        guard key["d"] == nil else { throw KeyFault("it holds the private part: keep that where tokens are made") }
    }

    private static func bytes(_ name: String, of key: TokenObject) throws(KeyFault) -> [UInt8] {
        guard let text = key.text(name), let bytes = Base64URL.decode(text.utf8), !bytes.isEmpty else {
            throw KeyFault("\(name) is no base64url text")
        }
        return bytes
    }
}
