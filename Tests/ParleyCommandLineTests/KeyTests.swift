import Testing

@testable import ParleyCommandLine

@Suite struct KeyTests {
    private static let cases: [(String, [Key])] = [
        ("hello", [.text("hello")]), ("\r", [.enter]), ("\t", [.tab]), ("\u{7F}\u{08}", [.backspace, .backspace]),
        ("\u{1B}[A\u{1B}[B\u{1B}OC\u{1B}[D", [.up, .down, .right, .left]), ("\u{1B}[5~\u{1B}[6~", [.pageUp, .pageDown]),
        ("\u{1B}[H\u{1B}[4~\u{1B}[3~", [.home, .end, .delete]), ("\u{1B}[1;3A\u{1B}[1;5C", [.previousConversation, .wordRight]),
        ("\u{1B}\r", [.lineBreak]), ("\u{01}\u{0C}", [.control("a"), .control("l")]),
        ("\u{1B}b\u{1B}f", [.wordLeft, .wordRight]),
        ("a\u{1B}[200~x\ry\u{1B}[A\u{1B}[201~b", [.text("a"), .paste("x\ry\u{1B}[A"), .text("b")]),
        ("\u{4F60}\u{597D}\u{1F600}", [.text("\u{4F60}\u{597D}\u{1F600}")]),
        // Unknown ones say nothing, and take nothing with them.
        ("\u{1B}[99;99Rz", [.text("z")]), ("\u{1B}[<0;1;1Mq", [.text("q")]),
    ]

    @Test func everySequenceIsReadWholeAndInPieces() {
        for (bytes, keys) in Self.cases {
            var whole = KeyDecoder()
            #expect(whole.decode(bytes.utf8) == keys, "\(bytes.debugDescription)")
            #expect(!whole.isWaiting)
            var pieces = KeyDecoder()
            let split = bytes.utf8.flatMap { pieces.decode(CollectionOfOne($0)) }
            #expect(Self.joined(split) == Self.joined(keys), "\(bytes.debugDescription)")
            for cut in 1..<max(2, bytes.utf8.count) {
                var two = KeyDecoder()
                let halves = two.decode(bytes.utf8.prefix(cut)) + two.decode(bytes.utf8.dropFirst(cut))
                #expect(Self.joined(halves) == Self.joined(keys), "\(bytes.debugDescription) at \(cut)")
            }
        }
    }

    /// Text comes as it came: neighbours are put together before they are compared.
    private static func joined(_ keys: [Key]) -> [Key] {
        keys.reduce(into: []) { result, key in
            if case .text(let next) = key, case .text(let before)? = result.last {
                result[result.count - 1] = .text(before + next)
            } else {
                result.append(key)
            }
        }
    }

    @Test func anEscapeAloneIsAKeyAfterAMoment() {
        var decoder = KeyDecoder()
        #expect(decoder.decode([0x1B]) == [])
        #expect(decoder.isWaiting)
        #expect(decoder.flush() == [.escape])
        #expect(!decoder.isWaiting)
        #expect(decoder.decode([0x1B, 0x5B]) == [])
        #expect(decoder.flush() == [], "half a sequence is nothing")
    }

    @Test func hostileInputIsBoundedAndPassedOver() {
        var decoder = KeyDecoder()
        #expect(decoder.decode([0x1B, 0x5B] + Array(repeating: 0x31, count: 1_000)).count <= 1)
        _ = decoder.flush()
        #expect(decoder.decode("ok".utf8) == [.text("ok")])
        // Not UTF-8: replaced, not lost, and no trap.
        for bytes in [[0xFF, 0xFE], [0xC3], [0xC3, 0x28], [0xE2, 0x82], [0xF0, 0x9F, 0x98], [0x80, 0x80, 0x80, 0x80]] as [[UInt8]]
        {
            var decoder = KeyDecoder()
            _ = decoder.decode(bytes)
            _ = decoder.flush()
            #expect(decoder.decode("x".utf8) == [.text("x")])
        }
        // A paste without an end holds no more than its bound.
        var pasting = KeyDecoder()
        _ = pasting.decode("\u{1B}[200~".utf8)
        #expect(pasting.decode(Array(repeating: UInt8(ascii: "p"), count: 1_000_000)) == [])
        guard case .paste(let text)? = pasting.decode("\u{1B}[201~".utf8).first else { return #expect(Bool(false), "no paste") }
        #expect(text.utf8.count == KeyDecoder.pasteBytes)
        #expect(pasting.decode("a".utf8) == [.text("a")])
    }

    @Test func noBytesStopIt() {
        var generator = SplitMix(state: 7)
        for _ in 0..<2_000 {
            var decoder = KeyDecoder()
            let alphabet: [UInt8] = [0x1B, 0x5B, 0x4F, 0x32, 0x30, 0x7E, 0x0D, 0x41, 0xC3, 0xA9, 0xF0, 0x9F, 0x00, 0xFF, 0x7F]
            for _ in 0..<20 {
                let piece = (0..<Int.random(in: 1...8, using: &generator)).map { _ in
                    alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
                }
                _ = decoder.decode(piece)
            }
            _ = decoder.flush()
        }
    }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite struct LineEditorTests {
    private static func editor(_ keys: Key...) -> LineEditor {
        var editor = LineEditor()
        for key in keys {
            let isTaken = editor.take(key)
            #expect(isTaken)
        }
        return editor
    }

    @Test func keysWriteMoveAndTakeAway() {
        #expect(Self.editor(.text("hello wrld"), .left, .left, .left, .text("o")).text == "hello world")
        #expect(Self.editor(.text("one two"), .control("w"), .text("2")).text == "one 2")
        #expect(Self.editor(.text("one two"), .home, .control("k"), .control("y"), .control("y")).text == "one twoone two")
        #expect(Self.editor(.text("ab"), .home, .delete, .delete, .delete, .backspace).text == "")
        #expect(Self.editor(.text("e\u{301}x"), .left, .backspace).text == "x", "a letter and its mark are one")
        #expect(Self.editor(.paste("a\r\nb\rc")).text == "a\nb\nc")
    }

    @Test func earlierLinesComeBackAndTheDraftIsKept() {
        var editor = LineEditor()
        for line in ["one", "two"] {
            editor.insert(line)
            #expect(editor.enter() == line)
        }
        editor.insert("draft")
        var shown: [String] = []
        for key in [Key.up, .up, .up, .down, .down, .down] {
            _ = editor.take(key)
            shown.append(editor.text)
        }
        #expect(shown == ["two", "one", "one", "two", "draft", "draft"])
    }

    @Test func theLineIsNoLongerThanAMessage() {
        var editor = LineEditor()
        editor.insert(String(repeating: "x", count: 9_000))
        editor.insert("y")
        #expect(editor.text.count == 8_000)
    }

    @Test func theWindowHoldsTheCursorWhateverTheWidth() {
        var editor = LineEditor()
        editor.insert("ab\u{4F60}\u{597D}\u{1B}cd")
        #expect(editor.window(20).text == "ab\u{4F60}\u{597D}\u{241B}cd")
        #expect(editor.window(20).cursor == 9)
        for columns in 1...12 {
            for _ in 0..<10 {
                _ = editor.take(.left)
                let window = editor.window(columns)
                #expect(Shown.width(window.text) <= columns)
                #expect(window.cursor < columns)
            }
            _ = editor.take(.end)
        }
    }
}

@Suite struct ChatCommandTests {
    @Test func linesAreRead() throws {
        #expect(try ChatCommand.parse("/open Team Red") == .open("Team Red"))
        #expect(try ChatCommand.parse("/group \"The plan\" ann \"ben b\"") == .group(title: "The plan", names: ["ann", "ben b"]))
        #expect(try ChatCommand.parse("/reply #42 so it is") == .reply(42, "so it is"))
        #expect(try ChatCommand.parse("/react 42 \u{1F44D}") == .react(42, "\u{1F44D}", on: true))
        #expect(try ChatCommand.parse("/edit 3 new text") == .edit(3, "new text"))
        #expect(try ChatCommand.parse("/edit new text") == .edit(0, "new text"))
        #expect(try ChatCommand.parse("/who") == .who(0))
        #expect(try ChatCommand.parse("/recall 9") == .recall(9))
    }

    @Test(arguments: [
        "/", "/nothing", "/reply", "/reply x y", "/reply 1", "/react 1", "/dm", "/who x", "/report 3", "/recall 1 2",
    ])
    func whatIsNoCommandSaysWhatIs(_ line: String) {
        #expect(throws: ChatCommand.Failure.self) { try ChatCommand.parse(line) }
    }

    @Test func everyCommandOfTheTableIsOne() {
        for row in ChatCommand.table {
            let lines = ["/\(row.name)", "/\(row.name) 1", "/\(row.name) 1 x"]
            #expect(lines.contains { (try? ChatCommand.parse($0)) != nil }, "\(row.name)")
        }
    }
}
