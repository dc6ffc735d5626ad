package import ParleyDomain
// For `_nfc`: the standard library normalises text but gives it out only so; Foundation does the same. (A9)
@_spi(_Unicode) import Swift

/// What a log-in name, a device name and a password may be (A9).
///
/// The rules keep two names that look the same from being two accounts: nothing invisible, nothing that turns the
/// direction of text, no space but single ordinary ones inside, and composed (NFC). The store folds case.
package enum NamePolicy {
    /// The trimmed name, 1 to `Limits.nameCharacters` Unicode scalar values.
    /// - Throws: `empty`, `tooLong` or `badText`, with the field and the rule that it breaks.
    package static func name(_ text: String, field: String = "name") throws(Refusal) -> String {
        let name = try self.checked(text, field: field)
        guard !name.isEmpty else { throw Refusal(.empty, field: field, rule: "at least 1 character") }
        return name
    }

    /// The name of an account that is made: none that looks like somebody's id, so that a text never means two users.
    /// - Throws: what `name` throws, and `badText` for the form of an id.
    package static func newName(_ text: String, field: String = "name") throws(Refusal) -> String {
        let name = try self.name(text, field: field)
        guard !Self.isFormOfID(name) else { throw Refusal(.badText, field: field, rule: "not of the form of a user's id") }
        return name
    }

    /// Whatever its case: names are folded. `irc:` begins the ids of nicks that were brought in (0012).
    private static func isFormOfID(_ name: String) -> Bool {
        let folded = name.lowercased()
        return AccountID.hasForm(folded) || ExternalNames.isReserved(folded) || folded.hasPrefix("irc:")
    }

    /// The same for the device's name, which may be left out.
    package static func device(_ text: String) throws(Refusal) -> String {
        try self.checked(text, field: "device")
    }

    /// A new password: at least 8 characters (Unicode scalar values), at most 1,024 bytes of UTF-8 (A31). Any characters.
    package static func newPassword(_ text: String) throws(Refusal) {
        try self.password(text)
        guard text.unicodeScalars.count >= Limits.passwordCharactersMin else {
            throw Refusal(.outOfRange, field: "password", rule: "at least \(Limits.passwordCharactersMin) characters")
        }
    }

    /// A password given to log in: only its length is bounded, so that the rule for new ones can change.
    package static func password(_ text: String) throws(Refusal) {
        guard !text.isEmpty else { throw Refusal(.empty, field: "password", rule: "at least 1 character") }
        guard text.utf8.count <= Limits.passwordBytes else {
            throw Refusal(.tooLong, field: "password", rule: "at most \(Limits.passwordBytes) bytes")
        }
    }

    /// Text that a client claims about itself, for the audit row: without control characters, at most `count` characters.
    package static func claim(_ text: String, count: Int) -> String {
        var scalars = String.UnicodeScalarView()
        scalars.append(contentsOf: text.unicodeScalars.lazy.filter { VisibleText.shows($0) }.prefix(count))
        return String(scalars)
    }

    private static func checked(_ text: String, field: String) throws(Refusal) -> String {
        let all = Array(text._nfc)
        guard let first = all.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = all.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        let scalars = all[first...last]
        guard scalars.count <= Limits.nameCharacters else {
            throw Refusal(.tooLong, field: field, rule: "at most \(Limits.nameCharacters) characters")
        }
        var afterSpace = false
        for scalar in scalars {
            guard VisibleText.shows(scalar) else {
                throw Refusal(.badText, field: field, rule: "no control, invisible or text-direction characters")
            }
            let isSpace = scalar.properties.isWhitespace
            guard !isSpace || (scalar == " " && !afterSpace) else {
                throw Refusal(.badText, field: field, rule: "only single ordinary spaces inside")
            }
            afterSpace = isSpace
        }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }
}
