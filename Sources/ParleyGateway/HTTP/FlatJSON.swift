import ParleyDomain
import ParleyWire

/// Reads one flat JSON object whose values are all texts, by the reader and the rules of frames; and writes such answers.
enum FlatJSON {
    /// - Parameters:
    ///   - required: keys that must be there.
    ///   - optional: keys that may be.
    /// - Throws: what the reader refuses (`notJSON`, `duplicateKey`, `outOfRange` for NUL and half surrogates, ...), `badText`,
    ///   `unknownField`, `wrongType` or `missingField`.
    static func read(_ bytes: [UInt8], required: [String], optional: [String] = []) throws(Refusal) -> [String: String] {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw Refusal(.badText, rule: "valid UTF-8") }
        var fields: [JSONField] = []
        var place = ""
        do throws(JSONFault) {
            try JSONScanner.fields(of: bytes.span, into: &fields, place: &place)
        } catch {
            throw FrameDecoder.refusal(for: error, at: place)
        }
        var texts: [String: String] = [:]
        for field in fields {
            let name = field.name(bytes.span)
            guard required.contains(name) || optional.contains(name) else {
                throw Refusal(.unknownField, field: NamePlate.of(name))
            }
            guard field.kind == .string else { throw Refusal(.wrongType, field: name, rule: "a text") }
            texts[name] = JSONValue.string(bytes.span, at: field.value)
        }
        for name in required where texts[name] == nil { throw Refusal(.missingField, field: name, rule: "required") }
        return texts
    }

    /// The text as a JSON string, quotes included.
    static func quote(_ text: String) -> String { ControlContent.quoted(text) }
}

/// A client's own words where they are told back to it: identifier characters only, short (A50).
enum NamePlate {
    static func of(_ text: String) -> String {
        let bytes = text.utf8.prefix(Limits.identifierBytes).map { isIdentifierByte($0) ? $0 : UInt8(ascii: "?") }
        return String(decoding: bytes, as: UTF8.self)
    }
}
