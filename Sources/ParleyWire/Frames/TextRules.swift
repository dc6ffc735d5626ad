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

/// Refuses control, direction-changing and invisible characters.
func checkVisible(_ text: String, field: String) throws(Refusal) {
    guard VisibleText.shows(text) else {
        throw Refusal(.outOfRange, field: field, rule: "no control, direction-changing or invisible characters")
    }
}

/// An emoji: 1 to 32 bytes of UTF-8, none of them of a control character, a space or a change of direction. Which emoji there are is
/// not ours to say: new ones come every year.
func checkEmoji(_ emoji: String, field: String) throws(Refusal) {
    guard !emoji.isEmpty else { throw Refusal(.empty, field: field, rule: "at least 1 byte") }
    guard emoji.utf8.count <= Limits.emojiBytes else {
        throw Refusal(.tooLong, field: field, rule: "at most \(Limits.emojiBytes) bytes")
    }
    for scalar in emoji.unicodeScalars {
        let properties = scalar.properties
        guard properties.generalCategory != .control, !properties.isWhitespace, !properties.isBidiControl else {
            throw Refusal(.outOfRange, field: field, rule: "an emoji, without control characters and spaces")
        }
    }
}
