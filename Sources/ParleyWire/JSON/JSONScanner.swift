import ParleyDomain

/// A stretch of the bytes being read: where a key or a value stands.
package struct ByteRange: Sendable, Equatable {
    package var start: Int
    package var end: Int
    package var count: Int { self.end - self.start }

    package init(start: Int, end: Int) {
        self.start = start
        self.end = end
    }
}

/// What kind of JSON value stands somewhere, told by its first byte.
package enum JSONKind: Sendable {
    case object, array, string, number, boolean, null
}

/// One field of an object: where its key (without quotes) and its value (with quotes, if a string) stand.
package struct JSONField: Sendable {
    package var key: ByteRange
    /// Whether the key is written with escapes, so that its bytes are not its name.
    package var isEscaped: Bool
    package var value: ByteRange
    package var kind: JSONKind
}

/// Why bytes are not the JSON that Parley takes.
package enum JSONFault: Error, Sendable, Equatable {
    /// Not JSON at all: the grammar is broken at this offset.
    case grammar(Int)
    /// Nested deeper than the reader's bounds.
    case depth
    /// A key stands twice in one object; the range is the second one.
    case duplicateKey(ByteRange)
    /// A string holds U+0000, or half of a surrogate pair.
    case character(ByteRange)
    /// More keys in one object than the reader's bounds, or more digits in one number than anyone needs.
    case size(ByteRange)
}

/// A strict reader of JSON (RFC 8259) that checks all of its input once and copies nothing.
///
/// Stricter than most where a chat server must be: duplicate keys (two spellings of one key too), U+0000, unpaired surrogates, nesting
/// and objects beyond `JSONBounds`, and numbers of more than 32 digits are refused, at any depth.
/// The bytes must be valid UTF-8, which the WebSocket layer has checked. Every index is bounds-checked by `Span`.
package struct JSONScanner {
    private static let digitsPerNumber = 32

    private let bounds: JSONBounds
    private var position: Int
    private var depth = 0
    /// The key being read in the outermost object, and in the object right inside it: where a fault is, for its error.
    private var outer: ByteRange?
    private var inner: ByteRange?
    /// How deep the object is whose key stands twice.
    private var duplicateDepth = 0

    private init(at position: Int, _ bounds: JSONBounds) {
        self.position = position
        self.bounds = bounds
    }

    /// The fields of the one object that the bytes are.
    ///
    /// Where it throws, `fields` has those that came before the fault, and `place` names the field at fault, such as `content.text`.
    package static func fields(
        of bytes: Span<UInt8>, within bounds: JSONBounds = .requests, into fields: inout [JSONField], place: inout String
    ) throws(JSONFault) {
        var scanner = JSONScanner(at: 0, bounds)
        do throws(JSONFault) {
            scanner.skipSpace(bytes)
            guard scanner.peek(bytes) == UInt8(ascii: "{") else { throw .grammar(scanner.position) }
            try scanner.object(bytes, into: &fields)
            scanner.skipSpace(bytes)
            guard scanner.position == bytes.count else { throw .grammar(scanner.position) }
        } catch {
            place = scanner.place(of: error, bytes)
            throw error
        }
    }

    private func place(of fault: JSONFault, _ bytes: Span<UInt8>) -> String {
        var keys: [ByteRange] = []
        switch fault {
        case .grammar: return ""
        case .duplicateKey(let key):
            if self.duplicateDepth > 1, let outer { keys.append(outer) }
            if self.duplicateDepth > 2, let inner { keys.append(inner) }
            keys.append(key)
        case .depth, .character, .size:
            if let outer { keys.append(outer) }
            if let inner { keys.append(inner) }
        }
        return keys.map { printable(bytes, $0) }.joined(separator: ".")
    }

    /// The fields of an object inside bytes that were scanned before.
    package static func fields(of bytes: Span<UInt8>, at range: ByteRange, into fields: inout [JSONField]) throws(JSONFault) {
        var scanner = JSONScanner(at: range.start, .known)
        try scanner.object(bytes, into: &fields)
    }

    /// The elements of an array inside bytes that were scanned before.
    package static func elements(of bytes: Span<UInt8>, at range: ByteRange) throws(JSONFault) -> [(ByteRange, JSONKind)] {
        var scanner = JSONScanner(at: range.start + 1, .known)
        var elements: [(ByteRange, JSONKind)] = []
        scanner.skipSpace(bytes)
        if scanner.peek(bytes) == UInt8(ascii: "]") { return [] }
        while true {
            scanner.skipSpace(bytes)
            let start = scanner.position
            let kind = try scanner.value(bytes)
            elements.append((ByteRange(start: start, end: scanner.position), kind))
            scanner.skipSpace(bytes)
            guard scanner.peek(bytes) == UInt8(ascii: ",") else { return elements }
            scanner.position += 1
        }
    }

    private func peek(_ bytes: Span<UInt8>) -> UInt8 {
        // 0 stands for "at the end": it begins nothing in JSON.
        self.position < bytes.count ? bytes[self.position] : 0
    }

    private mutating func skipSpace(_ bytes: Span<UInt8>) {
        while self.position < bytes.count {
            switch bytes[self.position] {
            case 0x20, 0x09, 0x0A, 0x0D: self.position += 1
            default: return
            }
        }
    }

    /// Reads the object at the position and lists its fields.
    private mutating func object(_ bytes: Span<UInt8>, into fields: inout [JSONField]) throws(JSONFault) {
        self.depth += 1
        guard self.depth <= self.bounds.depth else { throw .depth }
        defer { self.depth -= 1 }
        self.position += 1
        self.skipSpace(bytes)
        if self.peek(bytes) == UInt8(ascii: "}") {
            self.position += 1
            return
        }
        let first = fields.count
        var keys = JSONKeys()
        while true {
            self.skipSpace(bytes)
            guard self.peek(bytes) == UInt8(ascii: "\"") else { throw .grammar(self.position) }
            var field = try self.key(bytes)
            if keys.repeats(field, after: fields.span.extracting(first...), bytes) {
                self.duplicateDepth = self.depth
                throw .duplicateKey(field.key)
            }
            self.enter(field.key)
            guard fields.count - first < self.bounds.keys else { throw .size(field.key) }
            self.skipSpace(bytes)
            guard self.peek(bytes) == UInt8(ascii: ":") else { throw .grammar(self.position) }
            self.position += 1
            self.skipSpace(bytes)
            let start = self.position
            field.kind = try self.value(bytes)
            field.value = ByteRange(start: start, end: self.position)
            fields.append(field)
            self.skipSpace(bytes)
            switch self.peek(bytes) {
            case UInt8(ascii: ","): self.position += 1
            case UInt8(ascii: "}"):
                self.position += 1
                return
            default: throw .grammar(self.position)
            }
        }
    }

    /// A field of which only the key is known. A fault in the key is the object's in which it would stand.
    private mutating func key(_ bytes: Span<UInt8>) throws(JSONFault) -> JSONField {
        self.enter(nil)
        let start = self.position
        try self.string(bytes)
        let range = ByteRange(start: start + 1, end: self.position - 1)
        var isEscaped = false
        for index in range.start..<range.end where bytes[index] == UInt8(ascii: "\\") { isEscaped = true }
        return JSONField(key: range, isEscaped: isEscaped, value: ByteRange(start: 0, end: 0), kind: .null)
    }

    private mutating func enter(_ key: ByteRange?) {
        switch self.depth {
        case 1: (self.outer, self.inner) = (key, nil)
        case 2: self.inner = key
        default: break
        }
    }

    /// Checks and passes over one value.
    private mutating func value(_ bytes: Span<UInt8>) throws(JSONFault) -> JSONKind {
        switch self.peek(bytes) {
        case UInt8(ascii: "\""):
            try self.string(bytes)
            return .string
        case UInt8(ascii: "{"):
            var fields: [JSONField] = []
            try self.object(bytes, into: &fields)
            return .object
        case UInt8(ascii: "["):
            try self.array(bytes)
            return .array
        case UInt8(ascii: "t"):
            try self.word("true", bytes)
            return .boolean
        case UInt8(ascii: "f"):
            try self.word("false", bytes)
            return .boolean
        case UInt8(ascii: "n"):
            try self.word("null", bytes)
            return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try self.number(bytes)
            return .number
        default:
            throw .grammar(self.position)
        }
    }

    private mutating func array(_ bytes: Span<UInt8>) throws(JSONFault) {
        self.depth += 1
        guard self.depth <= self.bounds.depth else { throw .depth }
        defer { self.depth -= 1 }
        self.position += 1
        self.skipSpace(bytes)
        if self.peek(bytes) == UInt8(ascii: "]") {
            self.position += 1
            return
        }
        while true {
            self.skipSpace(bytes)
            _ = try self.value(bytes)
            self.skipSpace(bytes)
            switch self.peek(bytes) {
            case UInt8(ascii: ","): self.position += 1
            case UInt8(ascii: "]"):
                self.position += 1
                return
            default: throw .grammar(self.position)
            }
        }
    }

    private mutating func word(_ word: StaticString, _ bytes: Span<UInt8>) throws(JSONFault) {
        let count = word.utf8CodeUnitCount
        guard bytes.count - self.position >= count else { throw .grammar(self.position) }
        for offset in 0..<count where bytes[self.position + offset] != word.utf8Start[offset] {
            throw .grammar(self.position + offset)
        }
        self.position += count
    }

    private mutating func number(_ bytes: Span<UInt8>) throws(JSONFault) {
        let start = self.position
        if self.peek(bytes) == UInt8(ascii: "-") { self.position += 1 }
        if self.peek(bytes) == UInt8(ascii: "0") {
            self.position += 1
        } else {
            try self.digits(bytes)
        }
        if self.peek(bytes) == UInt8(ascii: ".") {
            self.position += 1
            try self.digits(bytes)
        }
        if self.peek(bytes) | 0x20 == UInt8(ascii: "e") {
            self.position += 1
            if self.peek(bytes) == UInt8(ascii: "+") || self.peek(bytes) == UInt8(ascii: "-") { self.position += 1 }
            try self.digits(bytes)
        }
        guard self.position - start <= Self.digitsPerNumber else { throw .size(ByteRange(start: start, end: self.position)) }
    }

    private mutating func digits(_ bytes: Span<UInt8>) throws(JSONFault) {
        let start = self.position
        while (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self.peek(bytes)) { self.position += 1 }
        guard self.position > start else { throw .grammar(self.position) }
    }

    /// Passes over a string and checks its escapes. Control characters must be escaped, by RFC 8259.
    private mutating func string(_ bytes: Span<UInt8>) throws(JSONFault) {
        let start = self.position
        self.position += 1
        while self.position < bytes.count {
            let byte = bytes[self.position]
            if byte == UInt8(ascii: "\"") {
                self.position += 1
                return
            }
            guard byte >= 0x20 else { throw .grammar(self.position) }
            self.position += 1
            if byte == UInt8(ascii: "\\") { try self.escape(bytes, stringStart: start) }
        }
        throw .grammar(self.position)
    }

    private mutating func escape(_ bytes: Span<UInt8>, stringStart: Int) throws(JSONFault) {
        let kind = self.peek(bytes)
        self.position += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            return
        case UInt8(ascii: "u"):
            let unit = try self.hex4(bytes)
            switch unit {
            case 0, 0xDC00...0xDFFF:
                throw .character(ByteRange(start: stringStart, end: self.position))
            case 0xD800...0xDBFF:
                guard self.peek(bytes) == UInt8(ascii: "\\"), self.position + 1 < bytes.count,
                    bytes[self.position + 1] == UInt8(ascii: "u")
                else { throw .character(ByteRange(start: stringStart, end: self.position)) }
                self.position += 2
                guard (0xDC00...0xDFFF).contains(try self.hex4(bytes)) else {
                    throw .character(ByteRange(start: stringStart, end: self.position))
                }
            default: return
            }
        default:
            throw .grammar(self.position - 1)
        }
    }

    private mutating func hex4(_ bytes: Span<UInt8>) throws(JSONFault) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = hexDigit(self.peek(bytes)) else { throw .grammar(self.position) }
            unit = unit << 4 | digit
            self.position += 1
        }
        return unit
    }
}

/// The value of a hexadecimal digit.
package func hexDigit(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
}
