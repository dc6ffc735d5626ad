import ParleyDomain
import Testing

/// What may stand in a name that people read.
@Suite struct VisibleTextTests {
    @Test(arguments: [
        "Garden", "山田 太郎", "सीता", "e\u{301}", "\u{2764}\u{FE0F} us", "\u{2764}\u{FE0E}",
        "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}",
        "\u{2764}\u{FE0F}\u{200D}\u{1F525}", "1\u{FE0F}\u{20E3}", "\u{1F1E9}\u{1F1EA}", "\u{1F44D}\u{1F3FD}",
        "ශ්\u{200D}රී ලංකා", "می\u{200C}خواهم", "ക്\u{200D}ഷ",
    ])
    func whatIsSeenIsANameAndWhatIsHiddenIsNone(seen: String) {
        #expect(VisibleText.shows(seen))
        // Hangul filler, blank Braille pattern, grapheme joiner, joiners and selectors that do nothing, changes of direction.
        for hidden in [
            "\u{3164}", "\u{2800}", "\u{34F}", "\u{200D}", "\u{FE0F}", "\u{200B}", "\u{202E}", "\u{AD}", "\u{E0041}", "\n",
        ] {
            #expect(!VisibleText.shows("a" + hidden), "\(hidden.unicodeScalars)")
            #expect(!VisibleText.shows(hidden + seen), "\(hidden.unicodeScalars)")
        }
        for hidden in [
            "1\u{FE0F}", "a\u{200D}b", "\u{1F468}\u{200D}", "\u{1F468}\u{200D}a", "می\u{200C}", "می\u{200D}خ", "a\u{200C}b",
        ] {
            #expect(!VisibleText.shows(hidden))
        }
    }
}
