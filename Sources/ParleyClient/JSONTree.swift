package import NIOCore
import ParleyWire

/// A JSON value that a client looks things up in: what a server sent, or what a message holds. Unknown things are just not found.
package enum JSONTree: Sendable, Equatable {
    case object([String: JSONTree])
    case array([JSONTree])
    case string(String)
    /// A whole number within ±(2^53 - 1); any other one is `other`.
    case integer(Int64)
    case boolean(Bool)
    case other

    /// Nil where the bytes are no JSON object of different keys, within the bounds of a server's frame.
    package init?(_ bytes: [UInt8]) {
        let span = bytes.span
        var fields: [JSONField] = []
        var place = ""
        do {
            try JSONScanner.fields(of: span, within: .answers, into: &fields, place: &place)
            self = .object(try Self.object(fields, span))
        } catch {
            return nil
        }
    }

    package init?(_ buffer: ByteBuffer) { self.init(Array(buffer.readableBytesView)) }

    private static func object(_ fields: [JSONField], _ bytes: Span<UInt8>) throws(JSONFault) -> [String: JSONTree] {
        var object: [String: JSONTree] = [:]
        for field in fields {
            object[field.name(bytes)] = try Self.value(field.kind, field.value, bytes)
        }
        return object
    }

    private static func value(_ kind: JSONKind, _ range: ByteRange, _ bytes: Span<UInt8>) throws(JSONFault) -> JSONTree {
        switch kind {
        case .string: return .string(JSONValue.string(bytes, at: range))
        case .number: return JSONValue.integer(bytes, at: range).map { .integer($0) } ?? .other
        case .boolean: return .boolean(bytes[range.start] == UInt8(ascii: "t"))
        case .object:
            var fields: [JSONField] = []
            try JSONScanner.fields(of: bytes, at: range, into: &fields)
            return .object(try Self.object(fields, bytes))
        case .array:
            var values: [JSONTree] = []
            for (range, kind) in try JSONScanner.elements(of: bytes, at: range) {
                values.append(try Self.value(kind, range, bytes))
            }
            return .array(values)
        default: return .other
        }
    }

    package subscript(_ name: String) -> JSONTree? {
        if case .object(let fields) = self { fields[name] } else { nil }
    }

    package var text: String? { if case .string(let text) = self { text } else { nil } }
    package var integer: Int64? { if case .integer(let number) = self { number } else { nil } }
    package var boolean: Bool? { if case .boolean(let value) = self { value } else { nil } }
    package var elements: [JSONTree] { if case .array(let values) = self { values } else { [] } }
}
