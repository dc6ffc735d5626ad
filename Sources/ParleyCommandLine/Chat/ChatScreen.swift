import ParleyDomain

/// How a piece of a line looks.
struct Style: OptionSet, Sendable, Equatable {
    let rawValue: UInt8
    static let bold = Style(rawValue: 1)
    static let dim = Style(rawValue: 2)
    static let reverse = Style(rawValue: 4)
    static let own = Style(rawValue: 8)
    static let name = Style(rawValue: 16)
    static let warning = Style(rawValue: 32)
}

struct Span: Sendable, Equatable {
    var text: String
    var style: Style

    init(_ text: String, _ style: Style = []) {
        self.text = text
        self.style = style
    }
}

/// What stands on a screen: as many lines as it has rows, and the cursor.
struct ScreenImage: Sendable, Equatable {
    var lines: [[Span]]
    var cursorRow: Int
    var cursorColumn: Int

    /// The lines without their looks: for tests and for who has no colours.
    var plain: [String] { self.lines.map { $0.map(\.text).joined() } }
}

/// Draws a `ChatState`: nothing but a function of it.
///
/// ```
///  Parley  Ann at 127.0.0.1:8480                              connected
///  General        2 | 13:05 #41 Ben: has anybody seen the plan?
///  Ben              | 13:06 #42 Ann: here ✓✓ read 2/3
///                   |       👍 1
///  General | Ben writes ...
/// > and it goes on_
/// ```
enum ChatScreen {
    static let sidebarColumns = 22
    /// Narrower screens have no list at the side; /list shows it.
    static let columnsForSidebar = 72

    static func messageRows(_ state: ChatState) -> Int { max(1, state.rows - 3 - self.noticeRows(state)) }
    private static func noticeRows(_ state: ChatState) -> Int { min(state.notices.count, max(1, (state.rows - 3) * 2 / 3)) }
    private static func hasSidebar(_ state: ChatState) -> Bool { state.columns >= Self.columnsForSidebar }
    private static func messageColumns(_ state: ChatState) -> Int {
        self.hasSidebar(state) ? state.columns - Self.sidebarColumns - 2 : state.columns
    }

    static func draw(_ state: ChatState) -> ScreenImage {
        var lines = [self.banner(state)]
        let height = self.messageRows(state)
        var messages: [[Span]] = []
        if let conversation = state.open {
            let window = self.window(of: conversation, in: state)
            messages = window.rows[max(0, window.bottom - height)..<window.bottom].map(\.spans)
        }
        messages = Array(repeating: [], count: max(0, height - messages.count)) + messages
        for notice in state.notices.suffix(self.noticeRows(state)) { messages.append([Span(notice, .dim)]) }
        let list = self.sidebar(state, rows: messages.count)
        for (index, message) in messages.enumerated() {
            lines.append(self.hasSidebar(state) ? list[index] + [Span("\u{2502} ", .dim)] + message : message)
        }
        lines.append(self.status(state))
        let (text, cursor) = state.editor.window(max(1, state.columns - 3))
        lines.append([Span("> ", .bold), Span(text)])
        let fitted = lines.map { self.fit($0, state.columns) }
        return ScreenImage(lines: fitted, cursorRow: lines.count - 1, cursorColumn: cursor + 2)
    }

    private static func fit(_ line: [Span], _ columns: Int) -> [Span] {
        var (out, left) = ([Span](), columns)
        for span in line where left > 0 {
            let (text, width) = Shown.fit(span.text, left)
            out.append(Span(text, span.style))
            left -= width
        }
        return out
    }

    // MARK: Around the messages

    private static func banner(_ state: ChatState) -> [Span] {
        let begin = " Parley  \(Shown.line(state.name)) at \(Shown.line(state.server))  "
        switch state.link {
        case .connecting: return [Span(Shown.padded(begin + "connecting ...", state.columns), [.reverse, .bold])]
        case .live: return [Span(Shown.padded(begin + "connected", state.columns), [.reverse])]
        case .offline(let why):
            let waiting = state.outbox.isEmpty ? "" : " \(state.outbox.count) waiting."
            let text = " OFFLINE.\(waiting) What you write is kept and sent once. \(Shown.line(why))"
            return [Span(Shown.padded(text, state.columns), [.reverse, .bold, .warning])]
        }
    }

    private static func sidebar(_ state: ChatState, rows: Int) -> [[Span]] {
        var lines: [[Span]] = []
        for conversation in state.list.prefix(rows) {
            let unread = conversation.unread > 99 ? "99+" : conversation.unread > 0 ? "\(conversation.unread)" : ""
            let mark = conversation.isMember ? unread : "invited"
            let title = " " + Shown.padded(state.title(of: conversation), Self.sidebarColumns - 3 - mark.count)
            let style: Style = conversation.id == state.openID ? .reverse : conversation.unread > 0 ? .bold : []
            lines.append([Span(Shown.padded(title + " " + mark + " ", Self.sidebarColumns), style)])
        }
        let empty = [Span(String(repeating: " ", count: Self.sidebarColumns))]
        return lines + Array(repeating: empty, count: max(0, rows - lines.count))
    }

    private static func status(_ state: ChatState) -> [Span] {
        guard let open = state.open else {
            return [Span(Shown.padded(" /open, /dm or /group. /help lists all commands.", state.columns), .reverse)]
        }
        var parts = [state.title(of: open)]
        let typing = open.typing.keys.filter { open.typing[$0, default: 0] > state.now }.map { state.name(of: $0) }.sorted()
        if !typing.isEmpty {
            parts.append(typing.prefix(3).joined(separator: ", ") + (typing.count > 1 ? " write ..." : " writes ..."))
        }
        if open.anchor != nil { parts.append(open.unread > 0 ? "Page Down: \(open.unread) new" : "Page Down: newer messages") }
        if open.isLoading { parts.append("fetching older ones") }
        if !open.isMember { parts.append("you are no member") }
        let unread = state.list.filter { $0.id != open.id && $0.unread > 0 }.count
        if unread > 0 { parts.append("\(unread) with unread messages: /list") }
        return [Span(Shown.padded(" " + parts.joined(separator: " \u{2502} "), state.columns), .reverse)]
    }

    // MARK: Messages

    /// A row of a conversation; `number` counts from 0 within its entry.
    struct Row: Sendable, Equatable {
        var sequence: Int64
        var number: Int
        var spans: [Span]
    }

    /// The rows around the place that is shown, and how many of them end at the bottom of the screen. Enough for a page in each
    /// direction, however long the conversation is.
    static func window(of conversation: ShownConversation, in state: ChatState) -> (rows: [Row], bottom: Int) {
        let reach = self.messageRows(state) * 3
        let all = conversation.entries.count
        let anchor = conversation.anchor.flatMap { anchor in conversation.index(of: anchor.sequence).map { ($0, anchor) } }
        let middle = anchor?.0 ?? all
        var rows: [Row] = []
        for entry in conversation.entries[max(0, middle - reach)..<min(all, middle + reach)] {
            rows.append(contentsOf: self.rows(of: entry, in: conversation, state))
        }
        guard let anchor = anchor?.1 else {
            for entry in conversation.waiting { rows.append(contentsOf: self.rows(of: entry, in: conversation, state)) }
            return (rows, rows.count)
        }
        let at = rows.lastIndex { $0.sequence == anchor.sequence && $0.number <= anchor.rows } ?? rows.count - 1
        return (rows, at + 1)
    }

    private static func rows(of entry: ShownEntry, in conversation: ShownConversation, _ state: ChatState) -> [Row] {
        let columns = self.messageColumns(state)
        var lines: [[Span]] = []
        let number = entry.sequence > 0 ? "#\(entry.sequence) " : ""
        let begin = [Span(state.clock(entry.time) + " " + number, .dim)]
        switch entry.body {
        case .change(let text):
            lines = self.lines(begin, Shown.line(state.name(of: entry.sender) + " " + text), .dim, columns)
        case .message(let text):
            if entry.replyTo > 0 { lines.append([Span("      " + self.quote(entry.replyTo, in: conversation, state), .dim)]) }
            let isOwn = entry.sender == state.user
            let name = Span(state.name(of: entry.sender) + ": ", isOwn ? [.bold, .own] : [.bold, .name])
            let shown = entry.isRecalled ? "(taken back)" : text + (entry.isEdited ? " (edited)" : "")
            lines += self.lines(begin + [name], shown, entry.isRecalled ? .dim : [], columns)
            if isOwn, !entry.isRecalled { self.mark(entry, in: conversation, &lines, columns) }
            if !entry.reactions.isEmpty {
                let all = entry.reactions.map { Shown.line($0.emoji) + " \($0.count)" + ($0.mine ? "*" : "") }
                lines.append([Span("      " + all.joined(separator: "  "))])
            }
        }
        return lines.enumerated().map { Row(sequence: entry.sequence, number: $0, spans: $1) }
    }

    /// Text behind its beginning, wrapped; what follows stands under it, six columns in.
    private static func lines(_ begin: [Span], _ text: String, _ style: Style, _ columns: Int) -> [[Span]] {
        var lines: [[Span]] = []
        let used = begin.reduce(0) { $0 + Shown.width($1.text) }
        for (index, line) in Shown.lines(text).enumerated() {
            let isFirst = index == 0
            // The first row is shorter by what stands before it.
            let room = max(8, columns - (isFirst ? used : 6))
            let first = Shown.wrapped(line, room)[0]
            lines.append(isFirst ? begin + [Span(first, style)] : [Span("      " + first, style)])
            let rest = String(line.dropFirst(first.count))
            guard !rest.isEmpty else { continue }
            for row in Shown.wrapped(rest, max(8, columns - 6)) { lines.append([Span("      " + row, style)]) }
        }
        return lines
    }

    private static func quote(_ sequence: Int64, in conversation: ShownConversation, _ state: ChatState) -> String {
        guard let index = conversation.index(of: sequence), case .message(let text) = conversation.entries[index].body else {
            return "\u{256D} #\(sequence)"
        }
        let quoted = conversation.entries[index]
        return
            "\u{256D} \(state.name(of: quoted.sender)): \(Shown.fit(Shown.line(quoted.isRecalled ? "(taken back)" : text), 60).text)"
    }

    /// How far one's own message has come.
    private static func mark(_ entry: ShownEntry, in conversation: ShownConversation, _ lines: inout [[Span]], _ columns: Int) {
        let mark: Span
        switch entry.status {
        case .waiting: mark = Span(" \u{2026}", .dim)
        case .refused(let why): mark = Span(" \u{2717} " + Shown.line(why), .warning)
        case .stored: mark = Span(self.mark(conversation.counts[entry.sequence]), .dim)
        }
        guard let last = lines.last else { return }
        let used = last.reduce(0) { $0 + Shown.width($1.text) }
        if used + Shown.width(mark.text) <= columns {
            lines[lines.count - 1].append(mark)
        } else {
            lines.append([Span("     "), mark])
        }
    }

    /// One sign: stored. Two: everybody has it. Then who has read it.
    static func mark(_ counts: ReceiptCounts?) -> String {
        guard let counts, counts.total > 0 else { return " \u{2713}" }
        let signs = counts.delivered >= counts.total ? " \u{2713}\u{2713}" : " \u{2713}"
        if counts.read >= counts.total { return signs + " read" }
        return counts.read > 0 ? signs + " read \(counts.read)/\(counts.total)" : signs
    }
}
