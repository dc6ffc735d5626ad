import ParleyDomain
import ParleyWire

/// The choices for the word before the cursor; Tab again takes the next one.
struct Completion: Sendable, Equatable {
    /// The line before the word.
    var before: String
    var choices: [String]
    var index: Int
    /// What stands in the line now: any other line has other choices.
    var line: String
}

/// Keys that are pressed.
extension ChatState {
    mutating func take(_ key: Key) {
        switch key {
        case .tab: return self.complete()
        case .enter:
            self.completion = nil
            return self.enter(self.editor.enter())
        case .pageUp: return self.scroll(by: -max(1, ChatScreen.messageRows(self) - 2))
        case .pageDown: return self.scroll(by: max(1, ChatScreen.messageRows(self) - 2))
        case .nextConversation: return self.step(1)
        case .previousConversation: return self.step(-1)
        case .escape:
            if let id = self.openID { self.change(id) { $0.anchor = nil } }
            self.notices = []
            return self.readOpen()
        case .control("l"): return self.effects.append(.redraw)
        case .control("z"): return self.effects.append(.suspend)
        case .control("c"):
            // As in a shell: the first gives up the line, and with no line it ends the program.
            if self.editor.isEmpty { self.effects.append(.quit) } else { self.editor.replace("") }
            return
        case .control("d") where self.editor.isEmpty: return self.effects.append(.quit)
        case .control("d"): _ = self.editor.take(.delete)
        default:
            _ = self.editor.take(key)
            if case .text = key { self.tellTyping() }
        }
        self.completion = nil
    }

    /// At most every three seconds, and of messages only (B2).
    private mutating func tellTyping() {
        guard let id = self.openID, self.link == .live, !self.editor.text.hasPrefix("/"), self.now - self.typedAt >= 3_000 else {
            return
        }
        self.typedAt = self.now
        self.ask(.typing(id), for: .typing)
    }

    private mutating func step(_ by: Int) {
        let list = self.list
        guard !list.isEmpty else { return }
        let index = list.firstIndex { $0.id == self.openID } ?? (by > 0 ? -1 : 0)
        self.show(list[(index + by + list.count) % list.count].id)
    }

    // MARK: Scrolling

    private mutating func scroll(by rows: Int) {
        guard let id = self.openID, let conversation = self.conversations[id] else { return }
        let height = ChatScreen.messageRows(self)
        let window = ChatScreen.window(of: conversation, in: self)
        let wanted = window.bottom + rows
        // Close to the top of what is here: older ones are on their way before they are reached.
        if rows < 0, wanted - height < height { self.fetchHistory(id) }
        let target = min(max(wanted, min(height, window.rows.count)), window.rows.count)
        guard target < window.rows.count, target > 0 else {
            self.change(id) { $0.anchor = nil }
            return self.readOpen()
        }
        let row = window.rows[target - 1]
        self.change(id) { $0.anchor = ShownConversation.Anchor(sequence: row.sequence, rows: row.number) }
    }

    // MARK: Completion

    /// - Parameter asks: Whether the server may be asked for people whom nobody here knows.
    private mutating func complete(asks: Bool = true) {
        if var completion = self.completion, completion.line == self.editor.text, completion.choices.count > 1 {
            completion.index = (completion.index + 1) % completion.choices.count
            return self.put(&completion)
        }
        let text = self.editor.text
        let (before, word) = Self.lastWord(text)
        var choices = self.choices(for: word, after: before)
        if choices.isEmpty, asks, let prefix = self.prefixOfPerson(word, after: before), !prefix.isEmpty {
            // Nobody known here: the server may know.
            let isAsking = self.questions.values.contains(.complete)
            if !isAsking { self.effects.append(.search(prefix, tag: self.tag(for: .complete))) }
            return
        }
        guard !choices.isEmpty else { return }
        choices = choices.count == 1 ? choices.map { $0 + " " } : choices
        var completion = Completion(before: before, choices: choices, index: 0, line: "")
        self.put(&completion)
        if choices.count > 1 { self.notices = [choices.prefix(20).map { Shown.line($0) }.joined(separator: "   ")] }
    }

    private mutating func put(_ completion: inout Completion) {
        self.editor.replace(completion.before + completion.choices[completion.index])
        completion.line = self.editor.text
        self.completion = completion
    }

    /// People whom the server found; if the line is still the same, Tab is done again with them.
    mutating func foundChoices(_ users: [UserProfile]) {
        if !users.isEmpty { self.complete(asks: false) }
    }

    /// The word that the line ends with, which may have begun with a quote, and what stands before it.
    static func lastWord(_ text: String) -> (before: String, word: String) {
        var (start, isQuoted) = (text.startIndex, false)
        for index in text.indices {
            if text[index] == "\"" {
                isQuoted.toggle()
            } else if text[index].isWhitespace, !isQuoted {
                start = text.index(after: index)
            }
        }
        return (String(text[..<start]), String(text[start...]))
    }

    private func choices(for word: String, after before: String) -> [String] {
        if before.isEmpty, word.hasPrefix("/") {
            return ChatCommand.table.map { "/" + $0.name }.filter { $0.hasPrefix(word) }
        }
        let folded = word.replacing("\"", with: "").lowercased()
        let command = before.hasPrefix("/") ? String(before.dropFirst().prefix { !$0.isWhitespace }) : ""
        if ChatCommand.takingConversations.contains(command) {
            return self.list.map { self.title(of: $0) }.filter { $0.lowercased().hasPrefix(folded) }.map {
                ChatCommand.quoted($0)
            }
        }
        if ChatCommand.takingPeople.contains(command) {
            return self.people(folded).map { ChatCommand.quoted($0) }
        }
        guard word.hasPrefix("@") else { return [] }
        return self.people(String(folded.dropFirst())).map { "@" + $0 }
    }

    /// What to look for at the server where nobody is known by the word.
    private func prefixOfPerson(_ word: String, after before: String) -> String? {
        let command = before.hasPrefix("/") ? String(before.dropFirst().prefix { !$0.isWhitespace }) : ""
        if ChatCommand.takingPeople.contains(command) { return word.replacing("\"", with: "") }
        return word.hasPrefix("@") ? String(word.dropFirst()) : nil
    }

    private func people(_ folded: String) -> [String] {
        let known = self.names.filter { $0.key != self.user && $0.value.lowercased().hasPrefix(folded) }
        return Array(Set(known.values)).sorted().prefix(50).map { Shown.line($0) }
    }
}
