import ParleyDomain

/// A strict reader of one flat JSON object whose values are all strings, and a writer of such answers.
///
/// Strict means: no unknown key, no key twice, nothing after the object, well-formed UTF-8, no lone surrogate, no NUL
/// (RFC 8259 leaves these to the reader; two readers that differ are a hole). The whole input is in memory and bounded.
enum FlatJSON {
    /// - Parameters:
    ///   - required: keys that must be there.
    ///   - optional: keys that may be.
    /// - Throws: `notJSON`, `badText`, `unknownField`, `duplicateKey`, `wrongType` or `missingField`.
    static func read(_ bytes: [UInt8], required: [String], optional: [String] = []) throws(Refusal) -> [String: String] {
        var reader = Reader(rest: bytes[...])
        let fields = try reader.object(known: required + optional)
        for name in required where fields[name] == nil { throw Refusal(.missingField, field: name, rule: "required") }
        return fields
    }

    /// The text as a JSON string, quotes included.
    static func quote(_ text: String) -> String { ControlContent.quoted(text) }

    private static let malformed = Refusal(.notJSON, rule: "one JSON object with text values")

    private struct Reader {
        var rest: ArraySlice<UInt8>

        mutating func object(known: [String]) throws(Refusal) -> [String: String] {
            var fields: [String: String] = [:]
            try self.expect("{")
            if try self.next() == UInt8(ascii: "}") {
                try self.expect("}")
            } else {
                var isMore = true
                while isMore {
                    let key = try self.string(field: "")
                    guard known.contains(key) else { throw Refusal(.unknownField, field: NamePlate.of(key)) }
                    guard fields[key] == nil else { throw Refusal(.duplicateKey, field: key) }
                    try self.expect(":")
                    fields[key] = try self.value(of: key)
                    isMore = try self.next() == UInt8(ascii: ",")
                    try self.expect(isMore ? "," : "}")
                }
            }
            self.skipSpace()
            guard self.rest.isEmpty else { throw FlatJSON.malformed }
            return fields
        }

        private mutating func value(of key: String) throws(Refusal) -> String {
            switch try self.next() {
            case UInt8(ascii: "\""): return try self.string(field: key)
            case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"),
                UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                throw Refusal(.wrongType, field: key, rule: "a text")
            default: throw FlatJSON.malformed
            }
        }

        private mutating func string(field: String) throws(Refusal) -> String {
            try self.expect("\"")
            var bytes: [UInt8] = []
            while let byte = self.rest.popFirst() {
                switch byte {
                case UInt8(ascii: "\""):
                    guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
                        throw Refusal(.badText, field: field, rule: "valid UTF-8 without NUL")
                    }
                    return text
                case UInt8(ascii: "\\"): bytes += String(try self.escaped(field: field)).utf8
                case 0..<0x20: throw FlatJSON.malformed
                default: bytes.append(byte)
                }
            }
            throw FlatJSON.malformed
        }

        private mutating func escaped(field: String) throws(Refusal) -> Unicode.Scalar {
            switch self.rest.popFirst() {
            case UInt8(ascii: "\""): return "\""
            case UInt8(ascii: "\\"): return "\\"
            case UInt8(ascii: "/"): return "/"
            case UInt8(ascii: "b"): return "\u{8}"
            case UInt8(ascii: "f"): return "\u{C}"
            case UInt8(ascii: "n"): return "\n"
            case UInt8(ascii: "r"): return "\r"
            case UInt8(ascii: "t"): return "\t"
            case UInt8(ascii: "u"):
                let unit = try self.codeUnit()
                guard (0xD800..<0xDC00).contains(unit) else {
                    guard let scalar = Unicode.Scalar(unit) else { throw Self.loneSurrogate(field) }
                    return scalar
                }
                guard self.rest.popFirst() == UInt8(ascii: "\\"), self.rest.popFirst() == UInt8(ascii: "u") else {
                    throw Self.loneSurrogate(field)
                }
                let low = try self.codeUnit()
                guard (0xDC00..<0xE000).contains(low),
                    let scalar = Unicode.Scalar(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))
                else { throw Self.loneSurrogate(field) }
                return scalar
            default: throw FlatJSON.malformed
            }
        }

        private static func loneSurrogate(_ field: String) -> Refusal {
            Refusal(.badText, field: field, rule: "no lone surrogates")
        }

        private mutating func codeUnit() throws(Refusal) -> UInt32 {
            var unit: UInt32 = 0
            for _ in 0..<4 {
                guard let byte = self.rest.popFirst(), let digit = hexDigit(byte) else { throw FlatJSON.malformed }
                unit = unit << 4 | UInt32(digit)
            }
            return unit
        }

        /// The next byte that is not space, left where it is.
        private mutating func next() throws(Refusal) -> UInt8 {
            self.skipSpace()
            guard let byte = self.rest.first else { throw FlatJSON.malformed }
            return byte
        }

        private mutating func expect(_ character: Unicode.Scalar) throws(Refusal) {
            guard try self.next() == UInt8(ascii: character) else { throw FlatJSON.malformed }
            self.rest = self.rest.dropFirst()
        }

        private mutating func skipSpace() {
            self.rest = self.rest.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
        }
    }
}

/// A client's own words where they are told back to it: identifier characters only, short (A50).
enum NamePlate {
    static func of(_ text: String) -> String {
        let bytes = text.utf8.prefix(Limits.identifierBytes).map { isIdentifierByte($0) ? $0 : UInt8(ascii: "?") }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The value of a hexadecimal digit.
func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
