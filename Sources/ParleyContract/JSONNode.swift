import ParleyDomain
package import ParleyWire

/// A JSON value as a tree, with the members of objects in their order: what documents are made of, and what frames are read into
/// to be compared with their description.
package indirect enum JSONNode: Sendable, Equatable {
    case object([Member])
    case array([JSONNode])
    case string(String)
    case integer(Int64)
    /// A number that is no integer within ±(2^53 - 1), as it was written.
    case number(String)
    case boolean(Bool)
    case null

    package struct Member: Sendable, Equatable {
        package var name: String
        package var value: JSONNode

        package init(_ name: String, _ value: JSONNode) {
            self.name = name
            self.value = value
        }
    }

    /// One JSON object, read as strictly as a frame of a server: no key twice.
    package init(object bytes: [UInt8]) throws(JSONFault) {
        var fields: [JSONField] = []
        var place = ""
        try JSONScanner.fields(of: bytes.span, within: .answers, into: &fields, place: &place)
        self = .object(try Self.members(fields, bytes))
    }

    private static func members(_ fields: [JSONField], _ bytes: [UInt8]) throws(JSONFault) -> [Member] {
        var members: [Member] = []
        for field in fields {
            members.append(Member(field.name(bytes.span), try Self.value(bytes, field.value, field.kind)))
        }
        return members
    }

    private static func value(_ bytes: [UInt8], _ range: ByteRange, _ kind: JSONKind) throws(JSONFault) -> JSONNode {
        switch kind {
        case .object:
            var fields: [JSONField] = []
            try JSONScanner.fields(of: bytes.span, at: range, into: &fields)
            return .object(try Self.members(fields, bytes))
        case .array:
            var nodes: [JSONNode] = []
            for (range, kind) in try JSONScanner.elements(of: bytes.span, at: range) {
                nodes.append(try Self.value(bytes, range, kind))
            }
            return .array(nodes)
        case .string: return .string(JSONValue.string(bytes.span, at: range))
        case .number:
            if let value = JSONValue.integer(bytes.span, at: range) { return .integer(value) }
            return .number(String(decoding: bytes[range.start..<range.end], as: UTF8.self))
        case .boolean: return .boolean(bytes[range.start] == UInt8(ascii: "t"))
        case .null: return .null
        }
    }

    /// The value of a field; nil where this is no object, or has no such field.
    package subscript(_ name: String) -> JSONNode? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    package var text: String? { if case .string(let text) = self { text } else { nil } }
    package var number: Int64? { if case .integer(let number) = self { number } else { nil } }
    package var elements: [JSONNode] { if case .array(let nodes) = self { nodes } else { [] } }
    package var members: [Member] { if case .object(let members) = self { members } else { [] } }
}

extension JSONNode: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .boolean(value) }
    package init(arrayLiteral elements: JSONNode...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONNode)...) { self = .object(elements.map { Member($0, $1) }) }
}

// MARK: Written

extension JSONNode {
    /// Without spaces, as frames are written.
    package var compact: String {
        var text = ""
        self.write(into: &text, indent: nil)
        return text
    }

    /// For people and for differences line by line: two spaces a level, a new line at the end.
    package var pretty: String {
        var text = ""
        self.write(into: &text, indent: 0)
        return text + "\n"
    }

    private func write(into text: inout String, indent: Int?) {
        switch self {
        case .object(let members):
            Self.write(members, "{", "}", indent, into: &text) { member, text, indent in
                text += ControlContent.quoted(member.name) + (indent == nil ? ":" : ": ")
                member.value.write(into: &text, indent: indent)
            }
        case .array(let nodes):
            // A list of plain values stands in one line.
            let isPlain = nodes.allSatisfy { node in
                switch node {
                case .object, .array: false
                default: true
                }
            }
            Self.write(nodes, "[", "]", isPlain ? nil : indent, into: &text) { $0.write(into: &$1, indent: $2) }
        case .string(let string): text += ControlContent.quoted(string)
        case .integer(let value): text += String(value)
        case .number(let number): text += number
        case .boolean(let value): text += value ? "true" : "false"
        case .null: text += "null"
        }
    }

    private static func write<Element>(
        _ elements: [Element], _ open: String, _ close: String, _ indent: Int?, into text: inout String,
        _ each: (Element, inout String, Int?) -> Void
    ) {
        text += open
        let inner = indent.map { $0 + 2 }
        for (index, element) in elements.enumerated() {
            if index > 0 { text += "," }
            if let inner { text += "\n" + String(repeating: " ", count: inner) }
            each(element, &text, inner)
        }
        if let indent, !elements.isEmpty { text += "\n" + String(repeating: " ", count: indent) }
        text += close
    }
}
