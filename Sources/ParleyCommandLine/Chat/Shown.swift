/// Text of others, made fit for a terminal: nothing in it can move the cursor, change colours, set a title or turn the direction of
/// writing (terminal injection, A50).
enum Shown {
    /// Scalars of one character; what is stacked higher is left out.
    static let scalarsPerCharacter = 16

    /// One line: a line break is shown as a sign.
    static func line(_ text: String) -> String { Self.neutral(text, keepsBreaks: false) }

    /// The lines of a message, at least one.
    static func lines(_ text: String) -> [String] {
        Self.neutral(text, keepsBreaks: true).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    private static func neutral(_ text: String, keepsBreaks: Bool) -> String {
        var out = String.UnicodeScalarView()
        // Marks that follow each other stand on one character: counted, so that a tower of them does not cover other lines.
        var marks = 0
        for scalar in text.unicodeScalars {
            marks = Self.width(scalar) == 0 ? marks + 1 : 0
            guard marks < Self.scalarsPerCharacter else { continue }
            if scalar == "\n", keepsBreaks {
                out.append(scalar)
            } else if scalar == "\t" {
                out.append(contentsOf: "    ".unicodeScalars)
            } else {
                out.append(Self.neutral(scalar))
            }
        }
        return String(out)
    }

    private static func neutral(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.value {
        // Control pictures: the sign for the control character, harmless in itself.
        case 0x00...0x1F: return Unicode.Scalar(0x2400 + scalar.value) ?? "\u{FFFD}"
        case 0x7F: return "\u{2421}"
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: return "\u{FFFD}"
        // Joins emoji, and letters of several scripts; the others of the kind turn directions or hide.
        case .format: return scalar == "\u{200D}" || scalar == "\u{200C}" ? scalar : "\u{FFFD}"
        default: return scalar
        }
    }

    // MARK: Columns

    /// Columns that a character takes: 0, 1 or 2.
    static func width(_ character: Character) -> Int {
        var width = 0
        for scalar in character.unicodeScalars {
            // The sign for "as an emoji".
            if scalar == "\u{FE0F}" { return 2 }
            width = max(width, Self.width(scalar))
        }
        return width
    }

    static func width(_ text: some StringProtocol) -> Int { text.reduce(0) { $0 + Self.width($1) } }

    /// By the East Asian Width property (UAX #11) in its main blocks, which terminals follow.
    static func width(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return scalar.value < 0x20 ? 0 : 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3,
            0xF900...0xFAFF,
            0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x1F1E6...0x1F1FF, 0x20000...0x3FFFD:
            return 2
        default: return scalar.properties.isEmojiPresentation ? 2 : 1
        }
    }

    /// The beginning of the text that fits, and its width.
    static func fit(_ text: some StringProtocol, _ columns: Int) -> (text: String, width: Int) {
        var (out, used) = ("", 0)
        for character in text {
            let width = Self.width(character)
            guard used + width <= columns else { break }
            out.append(character)
            used += width
        }
        return (out, used)
    }

    /// Exactly so many columns: cut, or filled with spaces.
    static func padded(_ text: some StringProtocol, _ columns: Int) -> String {
        let (fitting, width) = Self.fit(text, columns)
        return fitting + String(repeating: " ", count: max(0, columns - width))
    }

    /// Broken into rows of at most so many columns, between words where there is a space in the second half of a row.
    static func wrapped(_ text: String, _ columns: Int) -> [String] {
        let columns = max(2, columns)
        var rows: [String] = []
        var rest = text[...]
        while true {
            let (row, _) = Self.fit(rest, columns)
            guard row.count < rest.count else {
                rows.append(String(rest))
                return rows
            }
            // A character always moves on: none is wider than two columns.
            var cut = rest.index(rest.startIndex, offsetBy: max(1, row.count))
            if let space = rest[..<cut].lastIndex(of: " "), rest.distance(from: rest.startIndex, to: space) > row.count / 2 {
                cut = rest.index(after: space)
            }
            rows.append(String(rest[..<cut]))
            rest = rest[cut...]
        }
    }
}
