import ParleyDomain

/// Whether a value is what its description says, told in the words of the description.
extension Shape {
    /// Where the value is at fault and by which rule, such as `content.text: 1 to 8000 characters`; nil where it is not.
    package func fault(in node: JSONNode, at place: String = "") -> String? {
        switch (self, node) {
        case (.identifier(let words), .string(let text)):
            guard isIdentifier(text) else { return Self.said(place, "an identifier") }
            return words.contains(text) ? Self.said(place, "not one of the server's words") : nil
        case (.text(let rule), .string(let text)): return rule.takes(text) ? nil : Self.said(place, rule.said)
        case (.integer(let range), .integer(let value)):
            return range.contains(value) ? nil : Self.said(place, "\(range.lowerBound) to \(range.upperBound)")
        case (.boolean, .boolean): return nil
        case (.always(let wanted), .boolean(let value)): return value == wanted ? nil : Self.said(place, "\(wanted), or left out")
        case (.word(let words), .string(let text)):
            return words.contains(text) ? nil : Self.said(place, "one of \(words.joined(separator: ", "))")
        case (.number(let numbers), .integer(let value)):
            return numbers.contains(value) ? nil : Self.said(place, "one of \(numbers)")
        case (.list(let shape, let count, let isDistinct), .array(let nodes)):
            return Self.fault(in: nodes, shape, count, isDistinct, at: place)
        case (.map(let shape, let count), .object(let members)):
            guard members.count <= count else { return Self.said(place, "at most \(count) keys") }
            for member in members {
                guard isIdentifier(member.name) else { return Self.said(place, "identifiers for keys") }
                if let fault = shape.fault(in: member.value, at: place + "." + member.name) { return fault }
            }
            return nil
        case (.object(let form), .object(let members)): return form.fault(in: members, at: place)
        case (.either(let shapes), _):
            let faults = shapes.map { $0.fault(in: node, at: place) }
            guard !faults.contains(nil) else { return nil }
            return faults.compactMap { $0 }.joined(separator: "; or ")
        case (.part(let name), _):
            guard let part = Contract.parts.first(where: { $0.name == name }) else { return Self.said(place, "no part \(name)") }
            return part.shape.fault(in: node, at: place)
        default: return Self.said(place, "another type than \(node.typeName)")
        }
    }

    private static func said(_ place: String, _ rule: String) -> String { "\(place.isEmpty ? "the value" : place): \(rule)" }

    private static func fault(
        in nodes: [JSONNode], _ shape: Shape, _ count: ClosedRange<Int>, _ isDistinct: Bool, at place: String
    ) -> String? {
        guard count.contains(nodes.count) else { return self.said(place, "\(count.lowerBound) to \(count.upperBound) elements") }
        var seen: Set<String> = []
        for (index, node) in nodes.enumerated() {
            if let fault = shape.fault(in: node, at: "\(place)[\(index)]") { return fault }
            guard !isDistinct || seen.insert(node.compact).inserted else { return self.said(place, "each once") }
        }
        return nil
    }
}

extension Form {
    /// The same for the members of an object.
    package func fault(in members: [JSONNode.Member], at place: String = "") -> String? {
        func path(_ name: String) -> String { place.isEmpty ? name : place + "." + name }
        for member in members {
            guard !self.forbidden.contains(member.name) else { return "\(path(member.name)): only the server sets it" }
            guard let field = self.fields.first(where: { $0.name == member.name }) else {
                if self.isOpen { continue }
                return "\(path(member.name)): not a field of this object"
            }
            if let fault = field.shape.fault(in: member.value, at: path(member.name)) { return fault }
        }
        for field in self.fields where field.isRequired && !members.contains(where: { $0.name == field.name }) {
            return "\(path(field.name)): it is missing"
        }
        guard self.someOf.isEmpty || members.contains(where: { self.someOf.contains($0.name) }) else {
            return "\(place.isEmpty ? "the value" : place): at least one of \(self.someOf.joined(separator: ", "))"
        }
        return nil
    }
}

extension Text {
    fileprivate var said: String {
        var text = "\(self.characters.lowerBound) to \(self.characters.upperBound) characters"
        if let pattern { text += " of " + pattern }
        for row in self.beyond { text += ", " + row.rule }
        return text
    }

    fileprivate func takes(_ text: String) -> Bool {
        let scalars = text.unicodeScalars
        guard self.characters.contains(scalars.count), !scalars.contains("\u{0}") else { return false }
        switch self.alphabet {
        case .any: return true
        case .name: return !scalars.allSatisfy(\.properties.isWhitespace) && VisibleText.shows(text)
        case .visible: return VisibleText.shows(text)
        case .lines: return text.split(separator: "\n").allSatisfy { VisibleText.shows(String($0)) }
        case .emoji:
            return text.utf8.count <= Limits.emojiBytes && scalars.allSatisfy(Self.isPartOfEmoji)
                && scalars.contains { !$0.properties.isDefaultIgnorableCodePoint }
        case .place: return text.isEmpty || Self.isPlace(text)
        case .link, .identifierOrEmpty: return text.utf8.allSatisfy(isIdentifierByte)
        case .digits: return text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        case .base64: return text.utf8.count % 4 == 0
        }
    }

    private static func isPartOfEmoji(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control: false
        case .format: scalar == "\u{200D}" || (0xE0020...0xE007F).contains(scalar.value)
        default: !scalar.properties.isWhitespace
        }
    }

    private static func isPlace(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (2...65).contains(parts.count), parts.first == "1" else { return false }
        return parts.dropFirst().allSatisfy { part in
            (1...19).contains(part.utf8.count) && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
        }
    }
}

extension JSONNode {
    fileprivate var typeName: String {
        switch self {
        case .object: "an object"
        case .array: "a list"
        case .string: "a string"
        case .integer, .number: "a number"
        case .boolean: "a boolean"
        case .null: "null"
        }
    }
}
