import Testing

@testable import ParleyCommandLine

/// A50: what others write cannot do anything to the reader's terminal.
@Suite struct ShownTests {
    private static let hostile = [
        "\u{1B}[2J", "\u{1B}]0;title\u{07}", "\u{9B}31m", "a\rb", "a\u{08}b", "\u{202E}gnp.exe", "\u{2066}x\u{2069}", "\u{0085}",
        "\u{2028}",
        "\u{FEFF}x", "\u{E000}", "\u{7F}", "\0", "\u{200B}", "\u{90}q\u{9C}", "\u{1B}P+q\u{1B}\\", "\u{E0041}",
    ]

    @Test(arguments: Self.hostile) func nothingThatSteersIsLeft(_ text: String) {
        for line in Shown.lines(text) + [Shown.line(text), Shown.line(text + "\n" + text)] {
            for scalar in line.unicodeScalars {
                #expect(scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value), "\(text.debugDescription)")
                #expect(!scalar.properties.isBidiControl && scalar != "\u{2028}" && scalar != "\u{2029}" && scalar != "\u{FEFF}")
            }
        }
    }

    @Test func whatPeopleWriteStays() {
        for text in [
            "hello", "\u{4F60}\u{597D}", "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}", "e\u{301}",
            "\u{5E9}\u{5DC}\u{5D5}\u{5DD}", "\u{2764}\u{FE0F}",
        ] {
            #expect(Shown.line(text) == text)
        }
        #expect(Shown.lines("a\nb\n") == ["a", "b", ""])
    }

    @Test func aTowerOfMarksIsCut() {
        let tower = "a" + String(repeating: "\u{301}", count: 1_000)
        #expect(Shown.line(tower).unicodeScalars.count <= Shown.scalarsPerCharacter + 1)
    }

    @Test(arguments: [
        ("abc", 3), ("\u{4F60}\u{597D}", 4), ("e\u{301}", 1), ("\u{1F600}", 2),
        ("\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}", 2),
        ("\u{2764}\u{FE0F}", 2), ("\u{FF21}", 2), ("\u{1F1E9}\u{1F1EA}", 2), ("", 0), ("\u{AC00}", 2),
    ])
    func columnsAreCounted(_ text: String, _ width: Int) { #expect(Shown.width(text) == width) }

    @Test func rowsAreFullAndLoseNothing() {
        for columns in 2...30 {
            for text in [
                "one two three four five six", "\u{4F60}\u{597D}\u{4F60}\u{597D}\u{4F60} ab", String(repeating: "x", count: 100),
                "",
            ] {
                let rows = Shown.wrapped(text, columns)
                #expect(rows.joined() == text)
                #expect(rows.allSatisfy { Shown.width($0) <= columns })
            }
        }
        #expect(Shown.wrapped("one two three", 8) == ["one two ", "three"])
    }

    @Test func datesAreThoseOfTheCalendar() {
        #expect(AdminTable.date(1_767_225_600_000) == "2026-01-01 00:00:00")
        #expect(AdminTable.date(951_782_399_000) == "2000-02-28 23:59:59")
        #expect(AdminTable.date(951_868_799_000) == "2000-02-29 23:59:59")
        #expect(AdminTable.date(0) == "")
    }
}
