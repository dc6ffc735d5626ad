import ParleyDomain

/// Writes a JSON value again as one item of the binary encoding (`docs/PROTOCOL.md`): the same value, nothing lost, keys in the
/// order in which they stood.
///
/// The JSON is ours: it was made by `FrameEncoder`, and what clients put into it was checked when it came. What is not JSON all
/// the same throws; no index is out of bounds.
struct BinaryWriter {
    /// The item, or as much of it as was written before a fault.
    private(set) var out: [UInt8] = []
    private var position = 0
    private var depth = 0

    /// Writes the one value that the bytes are, in the place of what was written before.
    mutating func write(_ json: Span<UInt8>) throws(JSONFault) {
        self.out.removeAll(keepingCapacity: true)
        (self.position, self.depth) = (0, 0)
        try self.value(json)
        self.skipSpace(json)
        guard self.position == json.count else { throw .grammar(self.position) }
    }

    private func peek(_ json: Span<UInt8>) -> UInt8 { self.position < json.count ? json[self.position] : 0 }

    private mutating func skipSpace(_ json: Span<UInt8>) {
        while self.position < json.count {
            switch json[self.position] {
            case 0x20, 0x09, 0x0A, 0x0D: self.position += 1
            default: return
            }
        }
    }

    private mutating func value(_ json: Span<UInt8>) throws(JSONFault) {
        self.skipSpace(json)
        switch self.peek(json) {
        case UInt8(ascii: "\""): try self.text(json, isKey: false)
        case UInt8(ascii: "{"): try self.container(json, .map, end: UInt8(ascii: "}"))
        case UInt8(ascii: "["): try self.container(json, .array, end: UInt8(ascii: "]"))
        case UInt8(ascii: "t"): try self.word("true", CBOR.yes, json)
        case UInt8(ascii: "f"): try self.word("false", CBOR.no, json)
        case UInt8(ascii: "n"): try self.word("null", CBOR.null, json)
        default: try self.number(json)
        }
    }

    // MARK: Heads

    /// An item's first byte and its argument, in the fewest bytes.
    private mutating func head(_ major: CBOR.Major, _ argument: UInt64) {
        let (bits, width) = Self.head(argument)
        self.out.append(major.rawValue << 5 | bits)
        for shift in stride(from: (width - 1) * 8, through: 0, by: -8) {
            self.out.append(UInt8(truncatingIfNeeded: argument >> UInt64(shift)))
        }
    }

    /// The low five bits of the first byte, and how many bytes of argument follow it.
    private static func head(_ argument: UInt64) -> (bits: UInt8, width: Int) {
        switch argument {
        case ..<24: (UInt8(truncatingIfNeeded: argument), 0)
        case ...0xFF: (24, 1)
        case ...0xFFFF: (25, 2)
        case ...0xFFFF_FFFF: (26, 4)
        default: (27, 8)
        }
    }

    /// Gives the container that was begun at `start` with one byte its real head, now that its elements are counted.
    private mutating func close(_ start: Int, _ major: CBOR.Major, _ count: Int) {
        let (bits, width) = Self.head(UInt64(count))
        self.out[start] = major.rawValue << 5 | bits
        guard width > 0 else { return }
        let argument = (0..<width).map { UInt8(truncatingIfNeeded: count >> ((width - 1 - $0) * 8)) }
        self.out.insert(contentsOf: argument, at: start + 1)
    }

    // MARK: Values

    private mutating func container(_ json: Span<UInt8>, _ major: CBOR.Major, end: UInt8) throws(JSONFault) {
        self.depth += 1
        guard self.depth <= JSONBounds.answers.depth else { throw .depth }
        defer { self.depth -= 1 }
        self.position += 1
        let start = self.out.count
        self.out.append(0)
        var count = 0
        self.skipSpace(json)
        if self.peek(json) == end {
            self.position += 1
            return self.close(start, major, 0)
        }
        while true {
            self.skipSpace(json)
            if major == .map {
                guard self.peek(json) == UInt8(ascii: "\"") else { throw .grammar(self.position) }
                try self.text(json, isKey: true)
                self.skipSpace(json)
                guard self.peek(json) == UInt8(ascii: ":") else { throw .grammar(self.position) }
                self.position += 1
            }
            try self.value(json)
            count += 1
            self.skipSpace(json)
            switch self.peek(json) {
            case UInt8(ascii: ","): self.position += 1
            case end:
                self.position += 1
                return self.close(start, major, count)
            default: throw .grammar(self.position)
            }
        }
    }

    private mutating func word(_ word: StaticString, _ item: UInt8, _ json: Span<UInt8>) throws(JSONFault) {
        let range = ByteRange(start: self.position, end: self.position + word.utf8CodeUnitCount)
        guard range.end <= json.count, equals(json, range, word) else { throw .grammar(self.position) }
        self.position = range.end
        self.out.append(item)
    }

    /// A text, or the number of the name that it is: as an integer where it is a key, else as a string of one byte.
    private mutating func text(_ json: Span<UInt8>, isKey: Bool) throws(JSONFault) {
        let start = self.position + 1
        var index = start
        var hasEscapes = false
        while index < json.count, json[index] != UInt8(ascii: "\"") {
            if json[index] == UInt8(ascii: "\\") {
                hasEscapes = true
                index += 1
            }
            index += 1
        }
        guard index < json.count else { throw .grammar(index) }
        let range = ByteRange(start: start, end: index)
        self.position = index + 1
        if hasEscapes {
            let bytes = try Self.unescaped(json, range)
            self.text(bytes.span, ByteRange(start: 0, end: bytes.count), isKey: isKey)
        } else {
            self.text(json, range, isKey: isKey)
        }
    }

    private mutating func text(_ bytes: Span<UInt8>, _ range: ByteRange, isKey: Bool) {
        guard let number = BinaryNames.number(bytes, range) else {
            self.head(.text, UInt64(range.count))
            return bytes.extracting(range.start..<range.end).withUnsafeBufferPointer { self.out.append(contentsOf: $0) }
        }
        guard !isKey else { return self.head(.unsigned, UInt64(number)) }
        self.head(.bytes, 1)
        self.out.append(number)
    }

    private mutating func number(_ json: Span<UInt8>) throws(JSONFault) {
        let start = self.position
        while self.position < json.count, BinaryReader.isNumeric(json[self.position]) { self.position += 1 }
        let range = ByteRange(start: start, end: self.position)
        guard range.count > 0 else { throw .grammar(start) }
        switch BinaryNumber(json: json, at: range) {
        case .integer(let value): self.head(value < 0 ? .negative : .unsigned, UInt64(value < 0 ? -1 - value : value))
        case .double(let value):
            self.out.append(CBOR.double)
            for shift in stride(from: 56, through: 0, by: -8) {
                self.out.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt64(shift)))
            }
        case .digits:
            self.head(.bytes, UInt64(range.count))
            self.out.append(contentsOf: JSONValue.copy(json, at: range))
        }
    }

    // MARK: Escapes

    private static func unescaped(_ json: Span<UInt8>, _ range: ByteRange) throws(JSONFault) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        var index = range.start
        while index < range.end {
            guard json[index] == UInt8(ascii: "\\") else {
                bytes.append(json[index])
                index += 1
                continue
            }
            switch json[index + 1] {
            case UInt8(ascii: "u"):
                var code = try self.unit(json, at: index, range)
                index += 6
                if (0xD800...0xDBFF).contains(code) {
                    let low = try self.unit(json, at: index, range)
                    guard (0xDC00...0xDFFF).contains(low) else { throw .character(range) }
                    code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
                    index += 6
                }
                guard let scalar = Unicode.Scalar(code) else { throw .character(range) }
                bytes.append(contentsOf: Unicode.UTF8.encode(scalar) ?? Unicode.UTF8.encodedReplacementCharacter)
                continue
            case UInt8(ascii: "b"): bytes.append(0x08)
            case UInt8(ascii: "f"): bytes.append(0x0C)
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case UInt8(ascii: "r"): bytes.append(0x0D)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case let other: bytes.append(other)
            }
            index += 2
        }
        return bytes
    }

    /// The number in an escape `\u0041`.
    private static func unit(_ json: Span<UInt8>, at index: Int, _ range: ByteRange) throws(JSONFault) -> UInt32 {
        guard index + 6 <= range.end, json[index] == UInt8(ascii: "\\"), json[index + 1] == UInt8(ascii: "u") else {
            throw .character(range)
        }
        var unit: UInt32 = 0
        for offset in 2..<6 {
            guard let digit = hexDigit(json[index + offset]) else { throw .grammar(index + offset) }
            unit = unit << 4 | digit
        }
        return unit
    }
}
