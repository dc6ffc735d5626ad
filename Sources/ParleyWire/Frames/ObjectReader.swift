import ParleyDomain

/// Takes the known fields out of a scanned object one by one; what is left at the end is unknown and refused.
struct ObjectReader {
    private var fields: [JSONField]
    /// What stands before the names of the fields in errors: empty, or the name of an object and a dot.
    private let path: String

    var isEmpty: Bool { self.fields.isEmpty }

    init(fields: [JSONField], path: String) {
        self.fields = fields
        self.path = path
    }

    private mutating func take(_ name: StaticString, _ bytes: Span<UInt8>) -> JSONField? {
        for index in self.fields.indices where self.fields[index].isNamed(name, bytes) {
            return self.fields.remove(at: index)
        }
        return nil
    }

    private func refusal(_ code: ErrorCode, _ name: StaticString, _ rule: String) -> Refusal {
        Refusal(code, field: self.path + name.description, rule: rule)
    }

    /// Where a required string stands, quotes included.
    mutating func string(_ name: StaticString, _ bytes: Span<UInt8>) throws(Refusal) -> ByteRange {
        guard let field = self.take(name, bytes) else { throw self.refusal(.missingField, name, "a string") }
        guard field.kind == .string else { throw self.refusal(.wrongType, name, "a string") }
        return field.value
    }

    mutating func text(_ name: StaticString, _ bytes: Span<UInt8>) throws(Refusal) -> String {
        let range = try self.string(name, bytes)
        guard range.count <= 4_096 else { throw self.refusal(.tooLong, name, "at most 4096 bytes") }
        return JSONValue.string(bytes, at: range)
    }

    mutating func optionalText(_ name: StaticString, _ bytes: Span<UInt8>) throws(Refusal) -> String? {
        self.has(name, bytes) ? try self.text(name, bytes) : nil
    }

    /// A text of so many characters (Unicode scalar values). They are counted before the text is made.
    mutating func text(_ name: StaticString, _ bytes: Span<UInt8>, characters: ClosedRange<Int>) throws(Refusal) -> String {
        let range = try self.string(name, bytes)
        let count = JSONValue.scalarCount(bytes, at: range)
        guard count >= characters.lowerBound else {
            throw self.refusal(.empty, name, "at least \(characters.lowerBound) character")
        }
        guard count <= characters.upperBound else {
            throw self.refusal(.tooLong, name, "at most \(characters.upperBound) characters")
        }
        return JSONValue.string(bytes, at: range)
    }

    mutating func optionalText(_ name: StaticString, _ bytes: Span<UInt8>, characters: ClosedRange<Int>) throws(Refusal)
        -> String?
    {
        self.has(name, bytes) ? try self.text(name, bytes, characters: characters) : nil
    }

    /// One of a few words; `rule` lists them.
    mutating func word<Word>(_ name: StaticString, _ bytes: Span<UInt8>, _ rule: StaticString, _ meaning: (String) -> Word?)
        throws(Refusal) -> Word
    {
        guard let word = meaning(try self.text(name, bytes)) else {
            throw self.refusal(.outOfRange, name, rule.description)
        }
        return word
    }

    mutating func optionalWord<Word>(
        _ name: StaticString, _ bytes: Span<UInt8>, _ rule: StaticString, _ meaning: (String) -> Word?
    ) throws(Refusal) -> Word? {
        self.has(name, bytes) ? try self.word(name, bytes, rule, meaning) : nil
    }

    mutating func identifier<ID: Identifier>(_ name: StaticString, _ bytes: Span<UInt8>) throws(Refusal) -> ID {
        let range = try self.string(name, bytes)
        guard let text = JSONValue.identifier(bytes, at: range) else {
            throw self.refusal(.badIdentifier, name, "1 to 64 of the characters A-Z a-z 0-9 . _ - : @")
        }
        return ID(trusted: text)
    }

    mutating func optionalIdentifier<ID: Identifier>(_ name: StaticString, _ bytes: Span<UInt8>) throws(Refusal) -> ID? {
        self.has(name, bytes) ? try self.identifier(name, bytes) : nil
    }

    mutating func integer(_ name: StaticString, _ bytes: Span<UInt8>, in range: ClosedRange<Int64>) throws(Refusal) -> Int64 {
        guard let field = self.take(name, bytes) else { throw self.refusal(.missingField, name, "an integer") }
        guard field.kind == .number else { throw self.refusal(.wrongType, name, "an integer") }
        guard let value = JSONValue.integer(bytes, at: field.value), range.contains(value) else {
            throw self.refusal(.outOfRange, name, "an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// An integer, as a number or as a string of its digits: the same value either way (R112).
    ///
    /// - Parameter rule: What an error says; the range unless given.
    mutating func number(
        _ name: StaticString, _ bytes: Span<UInt8>, in range: ClosedRange<Int64>, _ rule: StaticString? = nil
    ) throws(Refusal) -> Int64 {
        let rule =
            rule?.description
            ?? "an integer from \(range.lowerBound) to \(range.upperBound), as a number or a string of its digits"
        guard let field = self.take(name, bytes) else { throw self.refusal(.missingField, name, rule) }
        guard field.kind == .number || field.kind == .string else { throw self.refusal(.wrongType, name, rule) }
        guard let value = JSONValue.digits(bytes, at: field), range.contains(value) else {
            throw self.refusal(.outOfRange, name, rule)
        }
        return value
    }

    /// Passes over a field.
    mutating func drop(_ name: StaticString, _ bytes: Span<UInt8>) { _ = self.take(name, bytes) }

    mutating func optionalInteger(_ name: StaticString, _ bytes: Span<UInt8>, in range: ClosedRange<Int64>) throws(Refusal)
        -> Int64?
    {
        self.has(name, bytes) ? try self.integer(name, bytes, in: range) : nil
    }

    mutating func boolean(_ name: StaticString, _ bytes: Span<UInt8>) throws(Refusal) -> Bool {
        guard let value = try self.optionalBoolean(name, bytes) else { throw self.refusal(.missingField, name, "true or false") }
        return value
    }

    mutating func optionalBoolean(_ name: StaticString, _ bytes: Span<UInt8>) throws(Refusal) -> Bool? {
        guard let field = self.take(name, bytes) else { return nil }
        guard field.kind == .boolean else { throw self.refusal(.wrongType, name, "true or false") }
        return bytes[field.value.start] == UInt8(ascii: "t")
    }

    mutating func object(_ name: StaticString, _ bytes: Span<UInt8>) throws(Refusal) -> ByteRange {
        guard let field = self.take(name, bytes) else { throw self.refusal(.missingField, name, "an object") }
        guard field.kind == .object else { throw self.refusal(.wrongType, name, "an object") }
        return field.value
    }

    mutating func optionalObject(_ name: StaticString, _ bytes: Span<UInt8>) throws(Refusal) -> ByteRange? {
        self.has(name, bytes) ? try self.object(name, bytes) : nil
    }

    /// Where the objects of a list stand; nil where there is no such field.
    mutating func optionalObjects(_ name: StaticString, _ bytes: Span<UInt8>) throws(Refusal) -> [ByteRange]? {
        self.has(name, bytes) ? try self.list(name, bytes, "a list of objects", .object) : nil
    }

    /// A list of different user ids.
    mutating func users(
        _ name: StaticString, _ bytes: Span<UInt8>, count: ClosedRange<Int> = 1...Limits.usersPerRequest
    ) throws(Refusal) -> [UserID] {
        let elements = try self.list(name, bytes, "a list of user ids", .string)
        guard count.contains(elements.count) else {
            throw self.refusal(.outOfRange, name, "\(count.lowerBound) to \(count.upperBound) user ids")
        }
        var users: [UserID] = []
        var seen: Set<UserID> = []
        for range in elements {
            guard let text = JSONValue.identifier(bytes, at: range) else {
                throw self.refusal(.badIdentifier, name, "1 to 64 of the characters A-Z a-z 0-9 . _ - : @")
            }
            guard seen.insert(UserID(trusted: text)).inserted else { throw self.refusal(.duplicateKey, name, "each user once") }
            users.append(UserID(trusted: text))
        }
        return users
    }

    /// A list of different sequences; nil where there is no such field.
    mutating func optionalSequences(_ name: StaticString, _ bytes: Span<UInt8>, count: ClosedRange<Int>) throws(Refusal)
        -> [Int64]?
    {
        guard self.has(name, bytes) else { return nil }
        let elements = try self.list(name, bytes, "a list of integers", .number)
        guard count.contains(elements.count) else {
            throw self.refusal(.outOfRange, name, "\(count.lowerBound) to \(count.upperBound) sequences")
        }
        var sequences: [Int64] = []
        var seen: Set<Int64> = []
        for range in elements {
            guard let sequence = JSONValue.integer(bytes, at: range), sequence >= 1 else {
                throw self.refusal(.outOfRange, name, "integers from 1 to \((1 << 53) - 1)")
            }
            guard seen.insert(sequence).inserted else { throw self.refusal(.duplicateKey, name, "each sequence once") }
            sequences.append(sequence)
        }
        return sequences
    }

    /// Where the elements of a list stand, all of one kind.
    private mutating func list(_ name: StaticString, _ bytes: Span<UInt8>, _ rule: StaticString, _ kind: JSONKind) throws(Refusal)
        -> [ByteRange]
    {
        guard let field = self.take(name, bytes) else { throw self.refusal(.missingField, name, rule.description) }
        guard field.kind == .array else { throw self.refusal(.wrongType, name, rule.description) }
        let elements: [(ByteRange, JSONKind)]
        do {
            elements = try JSONScanner.elements(of: bytes, at: field.value)
        } catch {
            throw self.refusal(.wrongType, name, rule.description)
        }
        return try elements.map { (element) throws(Refusal) in
            guard element.1 == kind else { throw self.refusal(.wrongType, name, rule.description) }
            return element.0
        }
    }

    /// Refuses what no call above has taken.
    consuming func finish(_ bytes: Span<UInt8>) throws(Refusal) {
        guard let field = self.fields.first else { return }
        let name = printable(bytes, field.key)
        throw Refusal(
            Self.serverOwned.contains(name) ? .serverOwnedField : .unknownField, field: self.path + name,
            rule: "not a field of this request")
    }

    /// Fields of entries and frames that only the server sets (A25).
    private static let serverOwned: Set<String> = [
        "sender", "user", "name", "sequence", "message", "time", "role", "slot", "slots", "stamp", "kind", "head", "read",
        "delivered", "unread", "epoch", "session", "connection", "message_ordinal", "sender_ordinal", "created_at", "sender_id",
        "is_admin", "amount", "edited", "recalled", "pinned", "replies", "reactions", "withheld", "version", "total", "used",
        "forwarded",
    ]

    /// Whether the object has such a field that was not taken yet.
    func has(_ name: StaticString, _ bytes: Span<UInt8>) -> Bool {
        self.fields.contains { $0.isNamed(name, bytes) }
    }
}

func equals(_ bytes: Span<UInt8>, _ range: ByteRange, _ name: StaticString) -> Bool {
    guard range.count == name.utf8CodeUnitCount else { return false }
    for offset in 0..<range.count where bytes[range.start + offset] != name.utf8Start[offset] { return false }
    return true
}

/// A key between its quotes for an error text, escapes resolved: at most 64 bytes, of which anything but printable ASCII is shown as "?".
func printable(_ bytes: Span<UInt8>, _ key: ByteRange) -> String {
    let name = JSONValue.string(bytes, at: ByteRange(start: key.start - 1, end: key.end + 1))
    var text = ""
    for byte in name.utf8.prefix(64) {
        text.unicodeScalars.append((0x20...0x7E).contains(byte) && byte != 0x22 && byte != 0x5C ? Unicode.Scalar(byte) : "?")
    }
    return text
}
