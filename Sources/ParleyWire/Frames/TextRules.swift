package import ParleyDomain

/// A name that people see: 1 to 64 characters, none of them a control, direction-changing or invisible one.
package func checkName(_ text: String, field: String) throws(Refusal) {
    let scalars = text.unicodeScalars
    guard !scalars.isEmpty, !scalars.allSatisfy({ $0.properties.isWhitespace }) else {
        throw Refusal(.empty, field: field, rule: "at least 1 character")
    }
    guard scalars.count <= Limits.nameCharacters else {
        throw Refusal(.tooLong, field: field, rule: "at most \(Limits.nameCharacters) characters")
    }
    try checkVisible(text, field: field)
}

/// Refuses control, direction-changing and invisible characters, but line feeds where the text may have `lines`.
func checkVisible(_ text: String, field: String, lines: Bool = false) throws(Refusal) {
    let parts = lines ? text.split(separator: "\n").map(String.init) : [text]
    guard parts.allSatisfy({ VisibleText.shows($0) }) else {
        throw Refusal(.outOfRange, field: field, rule: "no control, direction-changing or invisible characters")
    }
}

/// An emoji: 1 to 32 bytes of UTF-8 that can be seen, without control characters, spaces and invisible characters but those that
/// emoji are composed with. Which emoji there are is not ours to say: new ones come every year.
func checkEmoji(_ emoji: String, field: String) throws(Refusal) {
    guard !emoji.isEmpty else { throw Refusal(.empty, field: field, rule: "at least 1 byte") }
    guard emoji.utf8.count <= Limits.emojiBytes else {
        throw Refusal(.tooLong, field: field, rule: "at most \(Limits.emojiBytes) bytes")
    }
    let scalars = emoji.unicodeScalars
    guard isVisibleEmoji(scalars) else {
        throw Refusal(.outOfRange, field: field, rule: "an emoji that can be seen, without control characters and spaces")
    }
}

/// Two emoji that look the same and differ in what nobody sees would be counted apart.
private func isVisibleEmoji(_ scalars: String.UnicodeScalarView) -> Bool {
    // They join emoji, and spell the flags of regions.
    let composing: (Unicode.Scalar) -> Bool = { $0 == "\u{200D}" || ("\u{E0020}"..."\u{E007F}").contains($0) }
    let isFree = scalars.allSatisfy { scalar in
        switch scalar.properties.generalCategory {
        case .control: false
        case .format: composing(scalar)
        default: !scalar.properties.isWhitespace
        }
    }
    return isFree && scalars.contains { !$0.properties.isDefaultIgnorableCodePoint }
}
