import ParleyDomain

/// Why bytes are not the binary encoding of a frame.
package enum BinaryFault: Error, Sendable, Equatable {
    /// Not in the form that the protocol describes: the rule that is broken, and the byte where.
    case form(rule: String, at: Int)
    /// A text is not UTF-8; the byte where it begins.
    case text(at: Int)
    /// As JSON it would be longer than a frame may be.
    case size
    /// Nested deeper than the reader's bounds.
    case depth
}

/// Reads one item of the binary encoding and writes it again as JSON text, which `FrameDecoder` reads: so there is one schema, and
/// one text for each error.
///
/// It takes the part of CBOR that `docs/parley.cddl` describes, in the one form that each value has, and refuses everything
/// else by its rule and its byte. What is a rule of JSON values here (depth, keys that stand twice, the number of keys, U+0000) it
/// leaves to `JSONScanner`. Every count and length is compared with what is left of the input before anything is made of it, and
/// what is written with `limit`.
package struct BinaryReader {
    /// The JSON text, or as much of it as was written before a fault: always up to the end of a whole value.
    private(set) var out: [UInt8]
    private let limit: Int
    private let bounds: JSONBounds
    private var position = 0
    private var depth = 0
    /// Where in `out` the key stands that is being read, in the outermost map and in the map right inside it.
    private var outer: Range<Int>?
    private var inner: Range<Int>?

    /// Longest number in digits, in bytes; that of `JSONScanner`.
    private static let numberBytes = 32

    /// - Parameters:
    ///   - limit: The most that the JSON text may be, in bytes.
    ///   - bounds: Of which the depth is looked at here; keys are left to `JSONScanner`.
    ///   - scratch: Its space is used again.
    package init(limit: Int, within bounds: JSONBounds, scratch: consuming [UInt8] = []) {
        self.limit = limit
        self.bounds = bounds
        self.out = scratch
        self.out.removeAll(keepingCapacity: true)
    }

    /// The JSON text of the one map that the bytes are: a server's frame.
    package static func json(of bytes: Span<UInt8>, limit: Int) throws(BinaryFault) -> [UInt8] {
        var reader = BinaryReader(limit: limit, within: .answers)
        try reader.read(bytes)
        return reader.out
    }

    mutating func read(_ bytes: Span<UInt8>) throws(BinaryFault) {
        guard bytes.count > 0, bytes[0] >> 5 == CBOR.Major.map.rawValue else { throw .form(rule: "a map", at: 0) }
        try self.value(bytes)
        guard self.position == bytes.count else { throw .form(rule: "nothing after the map", at: self.position) }
    }

    /// The name of the field being read, such as `content.text`; empty at the start.
    var place: String {
        [self.outer, self.inner].compactMap { $0 }.map { range in
            printable(self.out.span, ByteRange(start: range.lowerBound, end: range.upperBound))
        }.joined(separator: ".")
    }

    /// The space, for the next reader.
    consuming func takeScratch() -> [UInt8] { self.out }

    // MARK: Heads

    /// The first byte of an item, and its argument, which must be in the fewest bytes.
    private mutating func head(_ bytes: Span<UInt8>) throws(BinaryFault) -> (major: CBOR.Major, bits: UInt8, argument: UInt64) {
        let start = self.position
        guard start < bytes.count else { throw .form(rule: "a whole value", at: start) }
        let first = bytes[start]
        self.position += 1
        guard let major = CBOR.Major(rawValue: first >> 5) else { throw .form(rule: "a value", at: start) }
        let bits = first & 0x1F
        guard bits >= 24 else { return (major, bits, UInt64(bits)) }
        guard bits < 28 else {
            throw .form(rule: bits == 31 ? "a definite length" : "an item that CBOR defines", at: start)
        }
        let width = 1 << Int(bits - 24)
        guard bytes.count - self.position >= width else { throw .form(rule: "a whole value", at: start) }
        var argument: UInt64 = 0
        for _ in 0..<width {
            argument = argument << 8 | UInt64(bytes[self.position])
            self.position += 1
        }
        guard major != .simple else { return (major, bits, argument) }
        let least: UInt64 = width == 1 ? 24 : 1 << UInt64(width * 4)
        guard argument >= least else { throw .form(rule: "the shortest form", at: start) }
        return (major, bits, argument)
    }

    /// A count or length, no more than what is left of the bytes could hold.
    private func count(_ argument: UInt64, each size: Int, _ bytes: Span<UInt8>, at start: Int) throws(BinaryFault) -> Int {
        guard argument <= UInt64((bytes.count - self.position) / size) else { throw .form(rule: "a whole value", at: start) }
        return Int(argument)
    }

    // MARK: Values

    private mutating func value(_ bytes: Span<UInt8>) throws(BinaryFault) {
        let start = self.position
        let (major, bits, argument) = try self.head(bytes)
        switch major {
        case .unsigned, .negative:
            // A negative integer is -1 - argument.
            let isNegative = major == .negative
            guard argument < 1 << 53 - (isNegative ? 1 : 0) else {
                throw .form(rule: "integers from -(2^53-1) to 2^53-1, and others in digits", at: start)
            }
            try self.append(isNegative ? "-" + String(argument + 1) : String(argument))
        case .bytes: try self.string(bytes, length: argument, at: start)
        case .text: try self.text(bytes, length: argument, at: start)
        case .array: try self.array(bytes, count: argument, at: start)
        case .map: try self.map(bytes, count: argument, at: start)
        case .tag: throw .form(rule: "no tags", at: start)
        case .simple: try self.simple(bits, argument, at: start)
        }
    }

    private mutating func simple(_ bits: UInt8, _ argument: UInt64, at start: Int) throws(BinaryFault) {
        switch bits {
        case CBOR.no & 0x1F: try self.append("false")
        case CBOR.yes & 0x1F: try self.append("true")
        case CBOR.null & 0x1F: try self.append("null")
        case CBOR.double & 0x1F:
            let value = Double(bitPattern: argument)
            guard value.isFinite else { throw .form(rule: "a finite number", at: start) }
            try self.append(value.description)
        case 25, 26: throw .form(rule: "floating-point numbers of 64 bits", at: start)
        default: throw .form(rule: "false, true or null", at: start)
        }
    }

    private mutating func map(_ bytes: Span<UInt8>, count: UInt64, at start: Int) throws(BinaryFault) {
        let count = try self.count(count, each: 2, bytes, at: start)
        try self.open(UInt8(ascii: "{"))
        for index in 0..<count {
            if index > 0 { try self.append(",") }
            try self.key(bytes)
            try self.append(":")
            try self.value(bytes)
        }
        self.depth -= 1
        try self.append("}")
    }

    private mutating func array(_ bytes: Span<UInt8>, count: UInt64, at start: Int) throws(BinaryFault) {
        let count = try self.count(count, each: 1, bytes, at: start)
        try self.open(UInt8(ascii: "["))
        for index in 0..<count {
            if index > 0 { try self.append(",") }
            try self.value(bytes)
        }
        self.depth -= 1
        try self.append("]")
    }

    private mutating func open(_ byte: UInt8) throws(BinaryFault) {
        self.out.append(byte)
        self.depth += 1
        guard self.depth <= self.bounds.depth else { throw .depth }
    }

    private mutating func key(_ bytes: Span<UInt8>) throws(BinaryFault) {
        // A fault in the key is the map's in which it would stand.
        self.enter(nil)
        let start = self.position
        let (major, _, argument) = try self.head(bytes)
        let key = self.out.count + 1
        switch major {
        case .unsigned: try self.name(argument, at: start)
        case .text: try self.text(bytes, length: argument, at: start)
        default: throw .form(rule: "keys that are numbers of names, or texts", at: start)
        }
        self.enter(key..<self.out.count - 1)
    }

    private mutating func enter(_ key: Range<Int>?) {
        switch self.depth {
        case 1: (self.outer, self.inner) = (key, nil)
        case 2: self.inner = key
        default: break
        }
    }

    private mutating func name(_ number: UInt64, at start: Int) throws(BinaryFault) {
        guard number < UInt64(BinaryNames.all.count) else {
            throw .form(rule: "numbers of names from 0 to \(BinaryNames.all.count - 1)", at: start)
        }
        let name = BinaryNames.all[Int(number)]
        try self.reserve(name.utf8CodeUnitCount + 2)
        self.out.append(UInt8(ascii: "\""))
        self.out.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        self.out.append(UInt8(ascii: "\""))
    }

    /// A string of bytes: the number of a name in one byte, or a number in digits.
    private mutating func string(_ bytes: Span<UInt8>, length: UInt64, at start: Int) throws(BinaryFault) {
        let length = try self.count(length, each: 1, bytes, at: start)
        let first = self.position
        self.position += length
        if length == 1 { return try self.name(UInt64(bytes[first]), at: start) }
        guard Self.isNumber(bytes, first..<first + length) else {
            throw .form(
                rule: "strings of bytes that are the number of a name, or a number in digits as JSON writes it", at: start)
        }
        guard BinaryNumber(json: bytes, at: ByteRange(start: first, end: first + length)) == .digits else {
            throw .form(rule: "digits only for numbers that have no other form", at: start)
        }
        try self.copy(bytes, first..<first + length)
    }

    private mutating func text(_ bytes: Span<UInt8>, length: UInt64, at start: Int) throws(BinaryFault) {
        let length = try self.count(length, each: 1, bytes, at: start)
        let range = self.position..<self.position + length
        self.position += length
        do {
            _ = try UTF8Span(validating: bytes.extracting(range))
        } catch {
            throw .text(at: start)
        }
        try self.reserve(length + 2)
        self.out.append(UInt8(ascii: "\""))
        var plain = range.lowerBound
        for index in range {
            let byte = bytes[index]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
            try self.copy(bytes, plain..<index)
            try self.append(Self.escape(byte))
            plain = index + 1
        }
        try self.copy(bytes, plain..<range.upperBound)
        self.out.append(UInt8(ascii: "\""))
    }

    /// As `ControlContent.quoted` writes it.
    private static func escape(_ byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "\""): return #"\""#
        case UInt8(ascii: "\\"): return #"\\"#
        case 0x0A: return #"\n"#
        case 0x0D: return #"\r"#
        case 0x09: return #"\t"#
        default:
            let hex = String(byte, radix: 16)
            return #"\u"# + String(repeating: "0", count: 4 - hex.count) + hex
        }
    }

    // MARK: Numbers in digits

    /// Whether a number of JSON can have the byte in it.
    static func isNumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"),
            UInt8(ascii: "E"):
            true
        default: false
        }
    }

    /// Whether these bytes are a number of JSON, whole.
    private static func isNumber(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard range.count <= self.numberBytes else { return false }
        var index = range.lowerBound
        func peek() -> UInt8 { index < range.upperBound ? bytes[index] : 0 }
        func digits() -> Bool {
            let start = index
            while (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(peek()) { index += 1 }
            return index > start
        }
        if peek() == UInt8(ascii: "-") { index += 1 }
        if peek() == UInt8(ascii: "0") {
            index += 1
        } else if !digits() {
            return false
        }
        if peek() == UInt8(ascii: ".") {
            index += 1
            guard digits() else { return false }
        }
        if peek() | 0x20 == UInt8(ascii: "e") {
            index += 1
            if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { index += 1 }
            guard digits() else { return false }
        }
        return index == range.upperBound
    }

    // MARK: Out

    private mutating func reserve(_ count: Int) throws(BinaryFault) {
        guard self.out.count + count <= self.limit else { throw .size }
    }

    private mutating func append(_ text: String) throws(BinaryFault) {
        try self.reserve(text.utf8.count)
        self.out.append(contentsOf: text.utf8)
    }

    private mutating func copy(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(BinaryFault) {
        try self.reserve(range.count)
        bytes.extracting(range).withUnsafeBufferPointer { self.out.append(contentsOf: $0) }
    }
}
