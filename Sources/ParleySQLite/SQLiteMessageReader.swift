import CSQLite
package import ParleyDomain

/// Reads the log for members, each answer in one snapshot on a connection of its own.
package final class SQLiteMessageReader: MessageReader {
    /// Held so that the folder stays ours as long as anyone can read.
    private let database: SQLiteDatabase

    package init(_ database: SQLiteDatabase) {
        self.database = database
    }

    package func entries(in conversation: ConversationID, for user: UserID, after: Int64, limit: Int) throws(ReadFailure) -> Page
    {
        try self.member(user, of: conversation) { (snapshot, view) throws(SQLiteError) in
            let sql = """
                SELECT \(Row.entryColumns) FROM entries e LEFT JOIN users s ON s.key = e.sender
                WHERE e.conversation = ?1 AND e.sequence BETWEEN ?2 AND ?3 ORDER BY e.sequence LIMIT ?4
                """
            let query = try snapshot.statement(sql)
            defer { query.reset() }
            var page = PageBuilder(limit: limit)
            for range in view.visible where range.upperBound > after {
                let first = max(range.lowerBound, after < .max ? after + 1 : after)
                var expected = first
                query.bind(1, view.key)
                query.bind(2, first)
                query.bind(3, range.upperBound)
                query.bind(4, Int64(page.room))
                while page.room > 0, expected <= range.upperBound, try query.step() {
                    let entry = try Row.entry(query, in: conversation)
                    guard entry.sequence == expected else { throw .hole(at: expected, in: conversation) }
                    page.add(entry)
                    expected += 1
                }
                query.reset()
                guard page.room == 0 || expected > range.upperBound else { throw .hole(at: expected, in: conversation) }
                if page.room == 0 { break }
            }
            let folded = try self.folded(page.entries, view, snapshot)
            let last = folded.entries.last?.sequence ?? after
            return folded.page(view, more: view.visible.contains { $0.upperBound > last })
        }
    }

    package func entries(in conversation: ConversationID, for user: UserID, before: Int64, limit: Int) throws(ReadFailure) -> Page
    {
        try self.member(user, of: conversation) { (snapshot, view) throws(SQLiteError) in
            let sql = """
                SELECT \(Row.entryColumns) FROM entries e LEFT JOIN users s ON s.key = e.sender
                WHERE e.conversation = ?1 AND e.sequence BETWEEN ?2 AND ?3 ORDER BY e.sequence DESC LIMIT ?4
                """
            let query = try snapshot.statement(sql)
            defer { query.reset() }
            var page = PageBuilder(limit: limit)
            for range in view.visible.reversed() where range.lowerBound < before {
                let first = min(range.upperBound, before > .min ? before - 1 : before)
                var expected = first
                query.bind(1, view.key)
                query.bind(2, range.lowerBound)
                query.bind(3, first)
                query.bind(4, Int64(page.room))
                while page.room > 0, expected >= range.lowerBound, try query.step() {
                    let entry = try Row.entry(query, in: conversation)
                    guard entry.sequence == expected else { throw .hole(at: expected, in: conversation) }
                    page.add(entry)
                    expected -= 1
                }
                query.reset()
                guard page.room == 0 || expected < range.lowerBound else { throw .hole(at: expected, in: conversation) }
                if page.room == 0 { break }
            }
            let folded = try self.folded(page.entries, view, snapshot)
            let last = folded.entries.last?.sequence ?? before
            return folded.page(view, more: view.visible.contains { $0.lowerBound < last })
        }
    }

    // MARK: Rights

    /// What an active member may see of a conversation, in one snapshot.
    struct View {
        var key: Int64
        var user: Int64
        var head: ConversationHead
        var member: StoredMember
        /// Runs of sequences, rising, that do not touch.
        var visible: [ClosedRange<Int64>]
        var newestMessage: Int64
        /// His id: lists of reactions name users by it.
        var name: String { self.member.membership.user.rawValue }
        var isAdministrator: Bool { self.member.membership.role >= .administrator }

        func sees(_ sequence: Int64) -> Bool { self.visible.contains { $0.contains(sequence) } }

        /// Whether he may see an entry and all that came after it: false for what was said before he was away.
        func seesAll(since sequence: Int64) -> Bool { self.visible.last?.contains(sequence) == true }
    }

    func snapshot<Value>(_ body: (Connection) throws(SQLiteError) -> Value) throws(ReadFailure) -> Value {
        do {
            return try self.database.readers.read(body)
        } catch {
            throw .store(error.failure)
        }
    }

    /// Looks the rights up and answers, both in one snapshot. Who is no active member is told the same as of a
    /// conversation that does not exist: a former member reads nothing.
    func member<Value>(
        _ user: UserID, of conversation: ConversationID, _ body: (Connection, View) throws(SQLiteError) -> Value
    ) throws(ReadFailure) -> Value {
        try self.answer(user, of: conversation) { (snapshot, view) throws(SQLiteError) in .success(try body(snapshot, view)) }
    }

    /// The same for answers that may be refused to a member too.
    func answer<Value>(
        _ user: UserID, of conversation: ConversationID,
        _ body: (Connection, View) throws(SQLiteError) -> Result<Value, ReadFailure>
    ) throws(ReadFailure) -> Value {
        let answer = try self.snapshot { (snapshot) throws(SQLiteError) -> Result<Value, ReadFailure> in
            guard let view = try Self.view(of: user, in: conversation, snapshot), view.member.membership.active else {
                return .failure(.notMember)
            }
            return try body(snapshot, view)
        }
        return try answer.get()
    }

    /// What a user is to a conversation, whatever his state; nil for who never had to do with it.
    static func view(of user: UserID, in conversation: ConversationID, _ snapshot: Connection) throws(SQLiteError) -> View? {
        let query = try snapshot.statement(
            """
            SELECT \(Row.memberColumns), \(Row.headColumns), h.key, h.newest_message, u.key
            FROM users u CROSS JOIN conversations h CROSS JOIN members m ON m.conversation = h.key AND m.user = u.key
            WHERE u.id = ?1 AND h.id = ?2
            """)
        defer { query.reset() }
        query.bind(1, user.rawValue)
        query.bind(2, conversation.rawValue)
        return try query.step() ? try Self.view(query, snapshot) : nil
    }

    /// The view of a row of member columns, head columns, conversation key, newest message and user key.
    static func view(_ row: Statement, _ snapshot: Connection) throws(SQLiteError) -> View {
        let after = Row.memberWidth + Row.headWidth
        let head = try Row.head(row, at: Row.memberWidth)
        let member = try Row.member(row, at: 0, in: head.conversation)
        var view = View(
            key: row.int64(after), user: row.int64(after + 2), head: head, member: member, visible: [],
            newestMessage: row.int64(after + 1))
        let from = max(1, member.membership.visibleFrom)
        if from > 1 { view.visible = try self.pastIntervals(of: view.user, in: view.key, before: from, snapshot) }
        guard from <= head.sequence else { return view }
        if let last = view.visible.last, last.upperBound == from - 1 {
            view.visible[view.visible.count - 1] = last.lowerBound...head.sequence
        } else {
            view.visible.append(from...head.sequence)
        }
        return view
    }

    /// What a returned member saw before he left. Needed only where history is hidden: elsewhere he sees all.
    private static func pastIntervals(of user: Int64, in conversation: Int64, before: Int64, _ snapshot: Connection)
        throws(SQLiteError) -> [ClosedRange<Int64>]
    {
        let query = try snapshot.statement(
            """
            SELECT from_sequence, to_sequence FROM intervals
            WHERE conversation = ?1 AND user = ?2 AND from_sequence < ?3 AND to_sequence > 0 ORDER BY from_sequence
            """)
        defer { query.reset() }
        query.bind(1, conversation)
        query.bind(2, user)
        query.bind(3, before)
        var ranges: [ClosedRange<Int64>] = []
        while try query.step() {
            let from = query.int64(0)
            let to = min(query.int64(1), before - 1)
            guard from >= 1, from <= to, from > ranges.last?.upperBound ?? 0 else {
                throw .corrupt("intervals overlap or run backwards")
            }
            ranges.append(from...to)
        }
        return ranges
    }
}

/// Entries up to the asked number, and up to the bytes that one page may have; at least one whatever its size.
struct PageBuilder {
    private(set) var entries: [Entry] = []
    private var bytes = 0
    private let limit: Int

    init(limit: Int) {
        self.limit = min(max(limit, 0), Limits.pageEntriesMax)
    }

    /// Entries that may still come.
    var room: Int { self.bytes >= Limits.pageBytes ? 0 : self.limit - self.entries.count }

    mutating func add(_ entry: Entry) {
        self.entries.append(entry)
        self.bytes += entry.content.count
    }
}

extension Int64 {
    init(clamping value: Int, to range: ClosedRange<Int>) {
        self = Int64(Swift.min(Swift.max(value, range.lowerBound), range.upperBound))
    }
}

extension SQLiteError {
    static func hole(at sequence: Int64, in conversation: ConversationID) -> SQLiteError {
        .corrupt("sequence \(sequence) of conversation \(conversation) is missing")
    }
}
