import ParleyContract
import ParleyDomain

/// A value made from a description: one that it takes, at a bound; or one that it does not take, and why.
struct Sample: Sendable {
    var value: JSONNode
    /// What is wrong with it; empty for one that is good.
    var fault = ""
}

extension Shape {
    /// Good values: the least and the most of each bound.
    var good: [JSONNode] {
        switch self {
        case .identifier: [.string("x"), .string(String(repeating: "x", count: Limits.identifierBytes))]
        case .text(let text): text.good.map { .string($0) }
        case .integer(let range): [.integer(range.lowerBound), .integer(range.upperBound)]
        case .boolean: [true, false]
        case .always(let value): [.boolean(value)]
        case .word(let words): words.map { .string($0) }
        case .number(let numbers): numbers.map { .integer($0) }
        case .list(let element, let count, _):
            [count.lowerBound, count.upperBound].map { .array((0..<$0).map { element.different($0) }) }
        case .map(let value, let most):
            [
                .object([]),
                .object((0..<most).map { .init("c\($0)", value.good[0]) }),
            ]
        case .object(let form): form.good
        case .either(let shapes): shapes.flatMap(\.good)
        case .part(let name): Contract.parts.first { $0.name == name }.map(\.shape.good) ?? []
        }
    }

    /// One of many values that differ.
    private func different(_ number: Int) -> JSONNode {
        switch self {
        case .identifier: .string("u\(number)")
        case .integer(let range): .integer(range.lowerBound + Int64(number))
        default: self.good[0]
        }
    }

    /// Values just outside, and of every other type.
    var bad: [Sample] {
        var samples = self.badTypes
        switch self {
        case .identifier(let words):
            for text in ["", "a b", "ä", "x/y", String(repeating: "x", count: Limits.identifierBytes + 1)] + words {
                samples.append(Sample(value: .string(text), fault: "no such identifier"))
            }
        case .text(let text): samples += text.bad.map { Sample(value: .string($0), fault: "text out of bounds") }
        case .integer(let range):
            for value in [range.lowerBound - 1, range.upperBound + 1] {
                samples.append(Sample(value: .integer(value), fault: "out of range"))
            }
            for text in ["1.5", "1e2", "-0", "0.1", "9007199254740993"] {
                samples.append(Sample(value: .number(text), fault: "no plain integer"))
            }
        case .word: samples += ["", "nobody", "ALL"].map { Sample(value: .string($0), fault: "no such word") }
        case .list(let element, let count, let isDistinct):
            if count.lowerBound > 0 { samples.append(Sample(value: [], fault: "too few")) }
            samples.append(Sample(value: .array((0...count.upperBound).map { element.different($0) }), fault: "too many"))
            let first = element.good[0]
            if isDistinct, count.upperBound > 1 {
                samples.append(Sample(value: .array([first, first]), fault: "twice the same"))
            }
            samples += element.bad.map { Sample(value: .array([$0.value]), fault: "element: " + $0.fault) }
        case .map(let value, let most):
            samples.append(
                Sample(value: .object((0...most).map { .init("c\($0)", value.good[0]) }), fault: "too many keys"))
            samples.append(Sample(value: ["a b": value.good[0]], fault: "a key that is no identifier"))
            samples += value.bad.map { Sample(value: ["c": $0.value], fault: "value: " + $0.fault) }
        case .object(let form): samples += form.bad
        case .part(let name): return Contract.parts.first { $0.name == name }.map(\.shape.bad) ?? []
        case .boolean, .always, .number, .either: break
        }
        return samples
    }

    private var badTypes: [Sample] {
        let values: [(String, JSONNode)] = [
            ("a string", "x"), ("a number", 7), ("a boolean", true), ("null", .null), ("a list", []), ("an object", [:]),
        ]
        let own: String? =
            switch self {
            case .identifier, .text, .word: "a string"
            case .integer, .number: "a number"
            case .boolean, .always: "a boolean"
            case .list: "a list"
            case .map, .object: "an object"
            case .either, .part: nil
            }
        guard let own else { return [] }
        return values.filter { $0.0 != own }.map { Sample(value: $0.1, fault: "\($0.0) in the place of \(own)") }
    }
}

extension Text {
    private func text(_ count: Int) -> String {
        switch self.alphabet {
        case .digits: String(repeating: "7", count: count)
        case .base64: String(repeating: "A", count: count / 4 * 4)
        case .place: count == 0 ? "" : "1.5"
        default: String(repeating: "x", count: count)
        }
    }

    var good: [String] {
        let longest = self.alphabet == .emoji ? Limits.emojiBytes : self.characters.upperBound
        var texts = [self.text(self.characters.lowerBound), self.text(longest)]
        // Characters are Unicode scalar values: neither bytes nor what a person counts.
        if self.alphabet == .any || self.alphabet == .lines, self.characters.upperBound <= Limits.textCharacters,
            self.characters.upperBound != 4_094
        {
            texts.append(String(repeating: "👍", count: self.characters.upperBound))
        }
        if case .lines = self.alphabet { texts.append("a\n\u{1F469}\u{200D}\u{1F4BB}") }
        if case .emoji = self.alphabet { texts += ["👩\u{200D}🚀", "🏴\u{E0067}\u{E007F}", "❤\u{FE0F}"] }
        if case .place = self.alphabet { texts.append("1." + (1...64).map { "\($0)" }.joined(separator: ".")) }
        return texts
    }

    var bad: [String] {
        var texts: [String] = []
        if self.characters.lowerBound > 0 { texts.append("") }
        texts.append(String(repeating: "x", count: self.characters.upperBound + 1))
        switch self.alphabet {
        case .name: texts += ["   ", "a\u{202E}b", "a\u{7}b", "\u{200B}"]
        case .visible: texts += ["a\u{202E}b", "a\u{7}b"]
        case .lines: texts += ["a\u{202E}b", "a\tb", "\u{2028}"]
        case .emoji: texts += ["a b", "\u{7}", "\u{200B}", "👍\u{FEFF}", "\u{3164}", String(repeating: "👍", count: 9)]
        case .place: texts += ["2.5", "1", "1.", "1.x", "1.-5", "1.+5", "1.5.", "1." + String(repeating: "9", count: 20)]
        case .link: texts += ["a b", "a/b", "ä"]
        case .identifierOrEmpty: texts += ["a b", "ä"]
        case .any, .digits, .base64: break
        }
        return texts
    }
}

extension Form {
    /// The least that may stand, all that may, and each bound of each field.
    var good: [JSONNode] {
        var nodes: [JSONNode] = self.someOf.isEmpty ? [.object(self.members { $0.isRequired })] : []
        nodes += self.someOf.map { name in .object(self.members { $0.isRequired || $0.name == name }) }
        nodes.append(.object(self.members { _ in true }))
        for field in self.fields {
            for value in field.shape.good { nodes.append(.object(self.members(with: field.name, value))) }
        }
        return nodes
    }

    /// Each field missing, of every bad value, and one field too many.
    var bad: [Sample] {
        var samples: [Sample] = []
        for field in self.fields {
            if field.isRequired {
                samples.append(Sample(value: .object(self.members { $0.name != field.name }), fault: "\(field.name) is missing"))
            }
            for sample in field.shape.bad {
                samples.append(
                    Sample(value: .object(self.members(with: field.name, sample.value)), fault: "\(field.name): \(sample.fault)"))
            }
        }
        if !self.someOf.isEmpty {
            samples.append(
                Sample(value: .object(self.members { !self.someOf.contains($0.name) }), fault: "none of \(self.someOf)"))
        }
        for name in self.forbidden + (self.isOpen ? [] : ["surplus", "sender", "Conversation"]) {
            samples.append(
                Sample(value: .object(self.members { _ in true } + [.init(name, [:])]), fault: "\(name) is not described"))
        }
        return samples
    }

    private func members(_ isIn: (Field) -> Bool) -> [JSONNode.Member] {
        self.fields.filter(isIn).compactMap { field in field.shape.good.first.map { .init(field.name, $0) } }
    }

    private func members(with name: String, _ value: JSONNode) -> [JSONNode.Member] {
        self.members { $0.name != name } + [.init(name, value)]
    }
}
