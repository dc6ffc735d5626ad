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

    /// Whether a reader can see all of the text. What joins emoji, and chooses how one is drawn, is seen by what it does, and stands nowhere
    /// else.
    package static func shows(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        return scalars.indices.allSatisfy { Self.shows(scalars[$0]) || Self.drawsEmoji(scalars, $0) }
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
