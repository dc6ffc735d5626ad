import ParleyDomain

/// The line that is being written: text, cursor, and the lines entered before.
struct LineEditor: Sendable, Equatable {
    /// Lines that are remembered.
    static let linesKept = 200

    private(set) var characters: [Character] = []
    /// 0 to the count of characters.
    private(set) var cursor = 0
    private var earlier: [String] = []
    /// Which of the earlier lines is shown; their count where none is.
    private var shown = 0
    /// What was being written before an earlier line was shown.
    private var draft = ""
    private var killed: [Character] = []

    var text: String { String(self.characters) }
    var isEmpty: Bool { self.characters.isEmpty }

    mutating func replace(_ text: String) {
        self.characters = Array(text)
        self.cursor = self.characters.count
    }

    /// Puts text at the cursor; what would make the line longer than a message may be is left out.
    mutating func insert(_ text: String) {
        let room = Limits.textCharacters - self.text.unicodeScalars.count
        guard room > 0 else { return }
        let kept = String(String.UnicodeScalarView(text.unicodeScalars.filter { $0 != "\0" }.prefix(room)))
        // Marks may join the character before: the line is taken apart anew.
        let before = String(self.characters[..<self.cursor]) + kept
        let after = String(self.characters[self.cursor...])
        self.characters = Array(before + after)
        self.cursor = min(before.count, self.characters.count)
    }

    /// Takes the line out, and remembers it.
    mutating func enter() -> String {
        let line = self.text
        if !line.isEmpty, self.earlier.last != line { self.earlier.append(line) }
        if self.earlier.count > Self.linesKept { self.earlier.removeFirst(self.earlier.count - Self.linesKept) }
        self.shown = self.earlier.count
        self.draft = ""
        self.replace("")
        return line
    }

    /// Takes the key if it is one of writing.
    mutating func take(_ key: Key) -> Bool {
        switch key {
        case .text(let text): self.insert(text)
        case .paste(let text): self.insert(text.replacing("\r\n", with: "\n").replacing("\r", with: "\n"))
        case .lineBreak: self.insert("\n")
        case .backspace: if self.cursor > 0 { self.remove(self.cursor - 1..<self.cursor) }
        case .delete: if self.cursor < self.characters.count { self.remove(self.cursor..<self.cursor + 1) }
        case .left, .control("b"): self.cursor = max(0, self.cursor - 1)
        case .right, .control("f"): self.cursor = min(self.characters.count, self.cursor + 1)
        case .wordLeft: self.cursor = self.wordStart
        case .wordRight: self.cursor = self.wordEnd
        case .home, .control("a"): self.cursor = 0
        case .end, .control("e"): self.cursor = self.characters.count
        case .control("u"): self.kill(0..<self.cursor)
        case .control("k"): self.kill(self.cursor..<self.characters.count)
        case .control("w"): self.kill(self.wordStart..<self.cursor)
        case .control("y"): self.insert(String(self.killed))
        case .up, .control("p"): self.recall(self.shown - 1)
        case .down, .control("n"): self.recall(self.shown + 1)
        default: return false
        }
        return true
    }

    private mutating func remove(_ range: Range<Int>) {
        self.characters.removeSubrange(range)
        self.cursor = range.lowerBound
    }

    private mutating func kill(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        self.killed = Array(self.characters[range])
        self.remove(range)
    }

    private var wordStart: Int {
        var index = self.cursor
        while index > 0, self.characters[index - 1].isWhitespace { index -= 1 }
        while index > 0, !self.characters[index - 1].isWhitespace { index -= 1 }
        return index
    }

    private var wordEnd: Int {
        var index = self.cursor
        while index < self.characters.count, self.characters[index].isWhitespace { index += 1 }
        while index < self.characters.count, !self.characters[index].isWhitespace { index += 1 }
        return index
    }

    private mutating func recall(_ index: Int) {
        guard (0...self.earlier.count).contains(index), index != self.shown else { return }
        if self.shown == self.earlier.count { self.draft = self.text }
        self.shown = index
        self.replace(index == self.earlier.count ? self.draft : self.earlier[index])
    }

    /// The part of the line that fits into so many columns, with the cursor in it; and where the cursor stands.
    func window(_ columns: Int) -> (text: String, cursor: Int) {
        var (start, used) = (self.cursor, 0)
        while start > 0 {
            let width = Self.width(self.characters[start - 1])
            guard used + width < columns else { break }
            used += width
            start -= 1
        }
        let shown = Shown.line(String(self.characters[start...]))
        return (Shown.fit(shown, columns).text, used)
    }

    private static func width(_ character: Character) -> Int { Shown.width(Shown.line(String(character))) }
}
