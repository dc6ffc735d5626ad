import ParleyDomain

/// Entries as their reader sees them now: with what later entries did to them.
extension SQLiteMessageReader {
    struct Folded {
        var entries: [Entry] = []
        var states: [Int64: MessageState] = [:]

        func page(_ view: View, more: Bool) -> Page {
            Page(entries: self.entries, states: self.states, head: view.head.sequence, more: more)
        }
    }

    /// What is stored of a message's state. The first three are sequences; 0 for none.
    private struct Mark {
        var edited: Int64
        var recalled: Int64
        var pinned: Int64
        /// Different emoji.
        var reactions: Int64
        /// Messages in its thread.
        var replies: Int64
    }

    /// The entries with the newest content of edited messages and none where it may not be shown, and the states of the messages. Ends
    /// early where new content makes the page too long.
    func folded(_ entries: [Entry], _ view: View, _ snapshot: Connection) throws(SQLiteError) -> Folded {
        var folded = Folded()
        var bytes = 0
        let marks = try self.marks(of: entries, view, snapshot)
        for var entry in entries {
            if entry.kind == .message {
                if let stored = marks[entry.sequence] {
                    let mark = try self.seen(stored, of: entry.sequence, view, snapshot)
                    if mark.recalled > 0 {
                        entry.content = []
                    } else if mark.edited > 0 {
                        entry.content = try self.content(of: mark.edited, view, snapshot)
                    }
                    folded.states[entry.sequence] = try self.state(of: entry.sequence, mark, view, snapshot)
                }
            } else if entry.kind.hasTarget {
                // That a message was recalled is nothing to hide from who may see it.
                let recalled = entry.kind != .recall ? try self.mark(of: entry.relatesTo, view, snapshot)?.recalled ?? 0 : 0
                if recalled > 0 || !view.sees(entry.relatesTo) { entry.content = [] }
            }
            if bytes >= Limits.pageBytes { break }
            bytes += entry.content.count
            folded.entries.append(entry)
        }
        for sequence in folded.states.keys where !folded.entries.contains(where: { $0.sequence == sequence }) {
            folded.states[sequence] = nil
        }
        return folded
    }

    // MARK: Marks

    private static let markColumns = "edited, recalled, pinned, reactions, replies"

    private static func mark(_ row: Statement, at first: Int32) -> Mark {
        Mark(
            edited: row.int64(first), recalled: row.int64(first + 1), pinned: row.int64(first + 2),
            reactions: row.int64(first + 3), replies: row.int64(first + 4))
    }

    /// By sequence, of the messages among the entries that have any. One range where the entries follow each other.
    private func marks(of entries: [Entry], _ view: View, _ snapshot: Connection) throws(SQLiteError) -> [Int64: Mark] {
        guard let first = entries.first?.sequence, let last = entries.last?.sequence else { return [:] }
        let (low, high) = (min(first, last), max(first, last))
        var marks: [Int64: Mark] = [:]
        guard high - low < Int64(2 * Limits.pageEntriesMax) else {
            for entry in entries where entry.kind == .message {
                marks[entry.sequence] = try self.mark(of: entry.sequence, view, snapshot)
            }
            return marks
        }
        let query = try snapshot.statement(
            "SELECT target, \(Self.markColumns) FROM states WHERE conversation = ?1 AND target BETWEEN ?2 AND ?3")
        defer { query.reset() }
        query.bind(1, view.key)
        query.bind(2, low)
        query.bind(3, high)
        while try query.step() { marks[query.int64(0)] = Self.mark(query, at: 1) }
        return marks
    }

    private func mark(of sequence: Int64, _ view: View, _ snapshot: Connection) throws(SQLiteError) -> Mark? {
        let query = try snapshot.statement("SELECT \(Self.markColumns) FROM states WHERE conversation = ?1 AND target = ?2")
        defer { query.reset() }
        query.bind(1, view.key)
        query.bind(2, sequence)
        return try query.step() ? Self.mark(query, at: 0) : nil
    }

    /// The mark without what was done while the member was away: the newest edit that he may see, and no pin that he may not. What
    /// was taken away meanwhile (recalled, unpinned) is gone for him too.
    private func seen(_ mark: Mark, of sequence: Int64, _ view: View, _ snapshot: Connection) throws(SQLiteError) -> Mark {
        guard !view.seesAll(since: sequence) else { return mark }
        var seen = mark
        if mark.edited > 0, !view.sees(mark.edited) { seen.edited = try self.newestEdit(of: sequence, view, snapshot) }
        if !view.sees(mark.pinned) { seen.pinned = 0 }
        return seen
    }

    /// The newest edit that the member may see; 0 for none.
    private func newestEdit(of sequence: Int64, _ view: View, _ snapshot: Connection) throws(SQLiteError) -> Int64 {
        let query = try snapshot.statement(
            """
            SELECT sequence FROM entries WHERE conversation = ?1 AND relates_to = ?2 AND kind = 18 AND sequence BETWEEN ?3 AND ?4
            ORDER BY sequence DESC LIMIT 1
            """)
        query.bind(1, view.key)
        query.bind(2, sequence)
        for range in view.visible.reversed() where range.upperBound > sequence {
            query.bind(3, range.lowerBound)
            query.bind(4, range.upperBound)
            if let edit = try query.one() { return edit }
        }
        return 0
    }

    /// Whether a message was recalled.
    func isRecalled(_ sequence: Int64, _ view: View, _ snapshot: Connection) throws(SQLiteError) -> Bool {
        try self.mark(of: sequence, view, snapshot).map { $0.recalled > 0 } ?? false
    }

    private func content(of sequence: Int64, _ view: View, _ snapshot: Connection) throws(SQLiteError) -> [UInt8] {
        guard let entry = try self.entries([sequence], view, snapshot).first, entry.kind == .edit else {
            throw .corrupt("edit \(sequence) of conversation \(view.head.conversation) is missing")
        }
        return entry.content
    }

    /// A recalled message keeps its thread and nothing else.
    private func state(of sequence: Int64, _ mark: Mark, _ view: View, _ snapshot: Connection) throws(SQLiteError)
        -> MessageState?
    {
        var state = MessageState(recalled: mark.recalled)
        if mark.replies > 0 { state.replies = try self.replies(to: sequence, mark.replies, view, snapshot) }
        if mark.recalled == 0 {
            state.edited = mark.edited
            state.pinned = mark.pinned > 0
            if mark.reactions > 0 { state.reactions = try self.reactions(to: sequence, view, snapshot) }
        }
        return state == MessageState() ? nil : state
    }

    private func reactions(to sequence: Int64, _ view: View, _ snapshot: Connection) throws(SQLiteError) -> [ReactionCount] {
        let query = try snapshot.statement(
            """
            SELECT c.emoji, c.count, EXISTS (
                SELECT 1 FROM reactions r WHERE r.conversation = c.conversation AND r.target = c.target AND r.emoji = c.emoji AND r.user = ?3)
            FROM reaction_counts c WHERE c.conversation = ?1 AND c.target = ?2 ORDER BY c.first_sequence
            """)
        defer { query.reset() }
        query.bind(1, view.key)
        query.bind(2, sequence)
        query.bind(3, view.name)
        var found: [ReactionCount] = []
        while try query.step() {
            found.append(ReactionCount(emoji: query.text(0), count: query.int64(1), mine: query.int64(2) != 0))
        }
        guard !view.seesAll(since: sequence) else { return found }
        let users = try self.seenReactions(to: sequence, found.map(\.emoji), view, snapshot)
        return found.compactMap { reaction in
            users[reaction.emoji].map {
                ReactionCount(emoji: reaction.emoji, count: Int64($0.count), mine: $0.contains(view.name))
            }
        }
    }

    /// The ids of those who use these emoji and set them when the member could see it, for who does not see all that was done to the
    /// message: by the newest `Limits.relationsRead` entries about it.
    func seenReactions(to sequence: Int64, _ emoji: [String], _ view: View, _ snapshot: Connection) throws(SQLiteError)
        -> [String: Set<String>]
    {
        var wishes: [[UInt8]: (emoji: String, on: Bool)] = [:]
        for one in emoji {
            for on in [true, false] {
                wishes[ControlContent.bytes(for: .react(target: sequence, emoji: one, on: on), slots: [])] = (one, on)
            }
        }
        let query = try snapshot.statement(
            """
            SELECT \(Row.entryColumns) FROM entries e LEFT JOIN users s ON s.key = e.sender
            WHERE e.conversation = ?1 AND e.relates_to = ?2 AND e.relates_to > 0 ORDER BY e.sequence DESC LIMIT ?3
            """)
        defer { query.reset() }
        query.bind(1, view.key)
        query.bind(2, sequence)
        query.bind(3, Int64(Limits.relationsRead))
        var users: [String: Set<String>] = [:]
        var decided: [String: Set<String>] = [:]
        while try query.step() {
            let entry = try Row.entry(query, in: view.head.conversation)
            guard entry.kind == .reaction, let wish = wishes[entry.content],
                decided[wish.emoji, default: []].insert(entry.sender.rawValue).inserted
            else { continue }
            if wish.on, view.sees(entry.sequence) { users[wish.emoji, default: []].insert(entry.sender.rawValue) }
        }
        return users
    }

    /// Messages of the thread that the member may see, up to `Limits.repliesShown`: counted only where he does not see all.
    private func replies(to root: Int64, _ all: Int64, _ view: View, _ snapshot: Connection) throws(SQLiteError) -> Int64 {
        let shown = Int64(Limits.repliesShown)
        if view.seesAll(since: root) { return min(all, shown) }
        let query = try snapshot.statement(
            """
            SELECT count(*) FROM (
                SELECT 1 FROM entries WHERE conversation = ?1 AND thread = ?2 AND thread > 0 AND sequence BETWEEN ?3 AND ?4 LIMIT ?5)
            """)
        query.bind(1, view.key)
        query.bind(2, root)
        var found: Int64 = 0
        for range in view.visible where found < shown {
            query.bind(3, range.lowerBound)
            query.bind(4, range.upperBound)
            query.bind(5, shown - found)
            found += try query.one() ?? 0
        }
        return found
    }
}
