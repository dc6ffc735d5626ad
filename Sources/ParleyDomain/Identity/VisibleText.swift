/// What may stand in a name that people read: nothing that cannot be seen, so that no two names look the same for what is hidden in them,
/// and none looks empty.
package enum VisibleText {
    /// Whether a reader can see the character, and Unicode has given it a meaning.
    package static func shows(_ scalar: Unicode.Scalar) -> Bool {
        let properties = scalar.properties
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: return false
        default: break
        }
        // Zero-width joiners, variation selectors, Hangul fillers and the blank Braille pattern.
        return !properties.isDefaultIgnorableCodePoint && scalar != "\u{2800}"
    }

    /// Whether a reader can see all of the text. What joins emoji or letters, and chooses how an emoji is drawn, is seen by what it does, and
    /// stands nowhere else.
    package static func shows(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        return scalars.indices.allSatisfy { index in
            Self.shows(scalars[index]) || Self.drawsEmoji(scalars, index) || Self.joinsLetters(scalars, index)
        }
    }

    /// Joiners and non-joiners where words of Indic scripts and of Persian are not spelled without them: behind a virama, and a non-joiner
    /// between letters of Arabic script (RFC 5892, A.1 and A.2).
    private static func joinsLetters(_ scalars: [Unicode.Scalar], _ index: Int) -> Bool {
        guard scalars[index] == "\u{200C}" || scalars[index] == "\u{200D}", index > 0, index + 1 < scalars.count else {
            return false
        }
        let (before, after) = (scalars[index - 1], scalars[index + 1])
        if before.properties.canonicalCombiningClass == .virama { return Self.shows(after) }
        return scalars[index] == "\u{200C}" && Self.isArabicLetter(before) && Self.isArabicLetter(after)
    }

    private static func isArabicLetter(_ scalar: Unicode.Scalar) -> Bool {
        (0x0620...0x06FF).contains(scalar.value) && scalar.properties.generalCategory == .otherLetter
    }

    private static func drawsEmoji(_ scalars: [Unicode.Scalar], _ index: Int) -> Bool {
        guard index > 0 else { return false }
        let (before, after) = (scalars[index - 1], index + 1 < scalars.count ? scalars[index + 1] : nil)
        switch scalars[index] {
        // A joiner, between two emoji.
        case "\u{200D}": return (before == "\u{FE0F}" || Self.isPicture(before)) && after.map(Self.isPicture) == true
        // The form as a picture, or as text. Digits have one on a key cap.
        case "\u{FE0F}", "\u{FE0E}": return Self.isPicture(before) || (before.properties.isEmoji && after == "\u{20E3}")
        default: return false
        }
    }

    /// An emoji that is no digit and no sign on a keyboard.
    private static func isPicture(_ scalar: Unicode.Scalar) -> Bool { !scalar.isASCII && scalar.properties.isEmoji }
}
