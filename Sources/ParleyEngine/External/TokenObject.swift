import ParleyWire

/// A JSON object of a token or a key set, read by the strict scanner: a key that stands twice anywhere, or one of this object that is
/// spelled with an escape, makes the whole text nothing (RFC 8725, 2.4: two readers that differ are a hole).
struct TokenObject: Sendable {
    enum Value: Sendable, Equatable {
        case text(String)
        /// A plain integer within ±(2^53 - 1).
        case integer(Int64)
        case texts([String])
        case objects([TokenObject])
        /// Anything else: numbers with a fraction, booleans, objects, mixed lists.
        case other

        static func == (left: Value, right: Value) -> Bool {
            switch (left, right) {
            case (.text(let left), .text(let right)): left == right
            case (.integer(let left), .integer(let right)): left == right
            case (.texts(let left), .texts(let right)): left == right
            default: false
            }
        }
    }

    private var values: [String: Value] = [:]

    /// Nil for anything but one JSON object in valid UTF-8.
    init?(_ bytes: [UInt8]) {
        guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
        var fields: [JSONField] = []
        var place = ""
        do {
            try JSONScanner.fields(of: bytes.span, into: &fields, place: &place)
        } catch {
            return nil
        }
        self.init(bytes, fields)
    }

    private init?(_ bytes: [UInt8], _ fields: [JSONField]) {
        for field in fields {
            guard !field.isEscaped else { return nil }
            self.values[field.name(bytes.span)] = Self.value(bytes, field.value, field.kind)
        }
    }

    subscript(name: String) -> Value? { self.values[name] }

    /// The value of a key that holds a text; nil for one that holds anything else or is not there.
    func text(_ name: String) -> String? {
        if case .text(let text) = self.values[name] { text } else { nil }
    }

    private static func value(_ bytes: [UInt8], _ range: ByteRange, _ kind: JSONKind) -> Value {
        switch kind {
        case .string: .text(JSONValue.string(bytes.span, at: range))
        case .number: JSONValue.integer(bytes.span, at: range).map { .integer($0) } ?? .other
        case .array: Self.list(bytes, range)
        case .object, .boolean, .null: .other
        }
    }

    /// A list of texts, or of objects; an empty one is a list of texts.
    private static func list(_ bytes: [UInt8], _ range: ByteRange) -> Value {
        guard let elements = try? JSONScanner.elements(of: bytes.span, at: range) else { return .other }
        if elements.allSatisfy({ $0.1 == .string }) {
            return .texts(elements.map { JSONValue.string(bytes.span, at: $0.0) })
        }
        guard elements.allSatisfy({ $0.1 == .object }) else { return .other }
        var objects: [TokenObject] = []
        for element in elements {
            var fields: [JSONField] = []
            guard (try? JSONScanner.fields(of: bytes.span, at: element.0, into: &fields)) != nil,
                let object = TokenObject(bytes, fields)
            else { return .other }
            objects.append(object)
        }
        return .objects(objects)
    }
}
