/// Shapes as JSON Schema (draft 2020-12, which OpenAPI 3.1 and AsyncAPI 3 take as it is).
extension Shape {
    /// - Parameter parts: Where the named parts stand in the document, such as `#/$defs/`.
    func schema(_ parts: String) -> JSONNode {
        switch self {
        case .identifier(let words):
            let reference: JSONNode = ["$ref": .string(parts + "Identifier")]
            guard !words.isEmpty else { return reference }
            return ["allOf": [reference], "not": ["enum": .array(words.map { .string($0) })]]
        case .text(let text): return text.schema
        case .integer(let range):
            return ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]
        case .boolean: return ["type": "boolean"]
        case .always(let value): return ["const": .boolean(value)]
        case .word(let words):
            guard words.count > 1 else { return ["const": .string(words.first ?? "")] }
            return ["type": "string", "enum": .array(words.map { .string($0) })]
        case .number(let numbers): return ["type": "integer", "enum": .array(numbers.map { .integer($0) })]
        case .list(let element, let count, let isDistinct):
            var members: [JSONNode.Member] = [
                .init("type", "array"), .init("items", element.schema(parts)),
                .init("minItems", .integer(Int64(count.lowerBound))),
                .init("maxItems", .integer(Int64(count.upperBound))),
            ]
            if isDistinct { members.append(.init("uniqueItems", true)) }
            return .object(members)
        case .map(let value, let count):
            return [
                "type": "object", "propertyNames": Shape.identifier.schema(parts), "additionalProperties": value.schema(parts),
                "maxProperties": .integer(Int64(count)),
            ]
        case .object(let form): return form.schema(parts)
        case .either(let shapes): return ["anyOf": .array(shapes.map { $0.schema(parts) })]
        case .part(let name): return ["$ref": .string(parts + name)]
        }
    }
}

extension Text {
    fileprivate var schema: JSONNode {
        var members: [JSONNode.Member] = [.init("type", "string")]
        if self.characters.lowerBound > 0 { members.append(.init("minLength", .integer(Int64(self.characters.lowerBound)))) }
        members.append(.init("maxLength", .integer(Int64(self.characters.upperBound))))
        if let pattern { members.append(.init("pattern", .string(pattern))) }
        let rules = self.beyond.map(\.rule).joined(separator: "; ")
        if !rules.isEmpty { members.append(.init("$comment", .string(rules))) }
        return .object(members)
    }
}

extension Form {
    func schema(_ parts: String) -> JSONNode {
        let properties = self.fields.map { field -> JSONNode.Member in
            guard !field.note.isEmpty else { return .init(field.name, field.shape.schema(parts)) }
            return .init(field.name, .object([.init("description", .string(field.note))] + field.shape.schema(parts).members))
        }
        var members: [JSONNode.Member] = [
            .init("type", "object"),
            .init("properties", .object(properties + self.forbidden.map { .init($0, false) })),
        ]
        let required = self.fields.filter(\.isRequired).map { JSONNode.string($0.name) }
        if !required.isEmpty { members.append(.init("required", .array(required))) }
        if !self.isOpen { members.append(.init("additionalProperties", false)) }
        if self.isOpen { members.append(.init("maxProperties", 1_000)) }
        if !self.someOf.isEmpty {
            members.append(.init("anyOf", .array(self.someOf.map { ["required": .array([.string($0)])] })))
        }
        return .object(members)
    }
}
