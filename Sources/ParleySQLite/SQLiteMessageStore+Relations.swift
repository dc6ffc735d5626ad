import ParleyDomain

/// Entries that mark others: messages of threads, messages that mention users, and what changes how a message shows. Each is decided in
/// full before its first write, so a refused one leaves no trace.
extension SQLiteMessageStore {
    // MARK: Messages

    /// A message that mentions users, stands in a thread, or is told from others by what was asked for.
    func appendMarked(_ draft: Draft, sender: Int64, to conversation: LiveConversation) throws(SQLiteError) -> AppendOutcome {
        var mentioned: [Int64] = draft.mentionsAll ? [Mention.everybody] : []
        for user in draft.mentions.once() {
            guard let key = try self.writer.userKey(user) else { return .refused(.unknownUser(user)) }
            mentioned.append(key)
        }
        var root: Marked?
        if draft.thread > 0 {
            root = try self.marked(draft.thread, in: conversation)
            guard root != nil else { return .refused(.invalid("there is no message \(draft.thread) for a thread")) }
        }
        let outcome = try self.appendMessage(draft, sender: sender, to: conversation)
        guard case .appended(let entry, _) = outcome else { return outcome }
        if !draft.asked.isEmpty { try self.keep(draft.asked, of: entry) }
        for user in mentioned {
            try self.update("INSERT INTO mentions (conversation, user, sequence, sender) VALUES (?1, ?2, ?3, ?4)") { insert in
                insert.bind(1, conversation.key)
                insert.bind(2, user)
                insert.bind(3, entry.sequence)
                insert.bind(4, sender)
            }
        }
        if let root { try self.mark(root, "replies", root.replies + 1, in: conversation) }
        return outcome
    }

    // MARK: Relations

    /// Stores an edit, a recall, a reaction or a pin, and what it does to its target.
    func relate(_ draft: Draft, _ change: Change, sender: Int64, in conversation: LiveConversation) throws(SQLiteError)
        -> AppendOutcome
    {
        guard let target = try self.marked(change.target, in: conversation) else {
            return .refused(.invalid("there is no message \(change.target)"))
        }
        guard target.recalled == 0 else { return .refused(.recalled) }
        switch change {
        case .edit:
            for user in draft.mentions where try self.writer.userKey(user) == nil { return .refused(.unknownUser(user)) }
            let entry = try self.store(draft, sender: sender, in: conversation, content: draft.content)
            try self.mark(target, "edited", entry.sequence, in: conversation)
            return .appended(entry)
        case .recall:
            let entry = try self.store(draft, sender: sender, in: conversation, content: draft.expectedContent)
            try self.mark(target, "recalled", entry.sequence, in: conversation)
            if target.pinned > 0 { try self.mark(target, "pinned", 0, in: conversation) }
            try self.update("DELETE FROM mentions WHERE conversation = ?1 AND sequence = ?2") { delete in
                delete.bind(1, conversation.key)
                delete.bind(2, target.sequence)
            }
            return .appended(entry)
        case .react(_, let emoji, let on):
            return try self.react(draft, emoji, on, target, sender: sender, in: conversation)
        case .pin(_, let on):
            if on, target.pinned == 0, try self.pins(of: conversation) >= Int64(Limits.pinsPerConversation) {
                return .refused(.tooMany("at most \(Limits.pinsPerConversation) pinned messages in a conversation"))
            }
            guard on != (target.pinned > 0) else { return .unchanged }
            let entry = try self.store(draft, sender: sender, in: conversation, content: draft.expectedContent)
            try self.mark(target, "pinned", on ? entry.sequence : 0, in: conversation)
            return .appended(entry)
        default:
            return .refused(.invalid("a change without a target"))
        }
    }

    /// Sets or takes away a reaction.
    private func react(
        _ draft: Draft, _ emoji: String, _ on: Bool, _ target: Marked, sender: Int64, in conversation: LiveConversation
    ) throws(SQLiteError) -> AppendOutcome {
        guard (1...Limits.emojiBytes).contains(emoji.utf8.count) else {
            return .refused(.invalid("an emoji of \(emoji.utf8.count) bytes"))
        }
        guard try on != self.has(emoji, of: draft.sender, on: target, in: conversation) else { return .unchanged }
        let count = try self.count(of: emoji, on: target, in: conversation)
        if on, count == nil, target.reactions >= Int64(Limits.emojiPerMessage) {
            return .refused(.tooMany("at most \(Limits.emojiPerMessage) different emoji on a message"))
        }
        let entry = try self.store(draft, sender: sender, in: conversation, content: draft.expectedContent)
        let sql =
            on
            ? "INSERT INTO reactions (conversation, target, emoji, user) VALUES (?1, ?2, ?3, ?4)"
            : "DELETE FROM reactions WHERE conversation = ?1 AND target = ?2 AND emoji = ?3 AND user = ?4"
        try self.update(sql) { update in
            update.bind(1, conversation.key)
            update.bind(2, target.sequence)
            update.bind(3, emoji)
            update.bind(4, draft.sender.rawValue)
        }
        let newCount = max(0, (count ?? 0) + (on ? 1 : -1))
        let countSQL =
            newCount == 0
            ? "DELETE FROM reaction_counts WHERE conversation = ?1 AND target = ?2 AND emoji = ?3"
            : """
            INSERT INTO reaction_counts (conversation, target, emoji, count, first_sequence) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT DO UPDATE SET count = ?4
            """
        try self.update(countSQL) { update in
            update.bind(1, conversation.key)
            update.bind(2, target.sequence)
            update.bind(3, emoji)
            guard newCount > 0 else { return }
            update.bind(4, newCount)
            update.bind(5, entry.sequence)
        }
        if count == nil { try self.mark(target, "reactions", target.reactions + 1, in: conversation) }
        if newCount == 0 { try self.mark(target, "reactions", max(0, target.reactions - 1), in: conversation) }
        return .appended(entry)
    }

    private func has(_ emoji: String, of user: UserID, on target: Marked, in conversation: LiveConversation) throws(SQLiteError)
        -> Bool
    {
        let query = try self.writer.statement(
            "SELECT 1 FROM reactions WHERE conversation = ?1 AND target = ?2 AND emoji = ?3 AND user = ?4")
        query.bind(1, conversation.key)
        query.bind(2, target.sequence)
        query.bind(3, emoji)
        query.bind(4, user.rawValue)
        return try query.one() != nil
    }

    private func count(of emoji: String, on target: Marked, in conversation: LiveConversation) throws(SQLiteError) -> Int64? {
        let query = try self.writer.statement(
            "SELECT count FROM reaction_counts WHERE conversation = ?1 AND target = ?2 AND emoji = ?3")
        query.bind(1, conversation.key)
        query.bind(2, target.sequence)
        query.bind(3, emoji)
        return try query.one()
    }

    private func pins(of conversation: LiveConversation) throws(SQLiteError) -> Int64 {
        let query = try self.writer.statement("SELECT count(*) FROM states WHERE conversation = ?1 AND pinned > 0")
        query.bind(1, conversation.key)
        return try query.one() ?? 0
    }

    // MARK: Marks

    /// A message, and what was done to it so far.
    struct Marked {
        var sequence: Int64
        var sender: Int64
        var recalled: Int64
        var pinned: Int64
        /// Different emoji.
        var reactions: Int64
        /// Messages in its thread.
        var replies: Int64
    }

    /// Nil where there is no message of this sequence.
    private func marked(_ sequence: Int64, in conversation: LiveConversation) throws(SQLiteError) -> Marked? {
        let query = try self.writer.statement(
            """
            SELECT e.sender, e.kind, coalesce(st.recalled, 0), coalesce(st.pinned, 0), coalesce(st.reactions, 0), coalesce(st.replies, 0)
            FROM entries e LEFT JOIN states st ON st.conversation = e.conversation AND st.target = e.sequence
            WHERE e.conversation = ?1 AND e.sequence = ?2
            """)
        defer { query.reset() }
        query.bind(1, conversation.key)
        query.bind(2, sequence)
        guard try query.step(), query.uint8(1) == EntryKind.message.rawValue else { return nil }
        return Marked(
            sequence: sequence, sender: query.int64(0), recalled: query.int64(2), pinned: query.int64(3),
            reactions: query.int64(4),
            replies: query.int64(5))
    }

    /// Sets one column of a message's state.
    private func mark(_ target: Marked, _ column: StaticString, _ value: Int64, in conversation: LiveConversation)
        throws(SQLiteError)
    {
        let sql = """
            INSERT INTO states (conversation, target, sender, \(column)) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO UPDATE SET \(column) = ?4
            """
        try self.update(sql) { update in
            update.bind(1, conversation.key)
            update.bind(2, target.sequence)
            update.bind(3, target.sender)
            update.bind(4, value)
        }
    }
}

/// The user of a mention's row.
enum Mention {
    /// Stands for everybody: no user has this key.
    static let everybody: Int64 = 0
}
