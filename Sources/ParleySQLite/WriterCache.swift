import ParleyDomain

/// What the writer knows of one conversation without asking the tables: it is their only writer.
final class LiveConversation {
    let key: Int64
    var head: ConversationHead
    /// The sequence of the newest message, 0 before the first.
    var newestMessage: Int64
    /// By user key: his own messages so far.
    var ownMessages: [Int64: Int64] = [:]
    /// When the oldest message was accepted whose receipts are not frozen, in milliseconds since 1970; 0 where there is none.
    var unfrozenSince: Int64
    /// Whether the head differs from its row.
    var dirty = false
    /// Whether `unfrozenSince` does.
    var unfrozenDirty = false
    /// Whether title, rules and the like do, which few entries change.
    var settingsDirty = false

    init(key: Int64, head: ConversationHead, newestMessage: Int64 = 0, unfrozenSince: Int64 = 0) {
        self.key = key
        self.head = head
        self.newestMessage = newestMessage
        self.unfrozenSince = unfrozenSince
    }
}

/// Heads, own ordinals and user keys, loaded when first needed. Thrown away whole after any rollback, so that it never
/// holds what was not committed.
struct WriterCache {
    /// Bounds of the memory held; beyond one of them all is dropped between two batches and loaded again as needed.
    private static let conversationsMax = 65_536
    private static let usersMax = 262_144
    private static let ordinalsMax = 1_048_576

    var conversations: [ConversationID: LiveConversation] = [:]
    var users: [UserID: Int64] = [:]
    var ordinals = 0
    /// The conversations that this batch has changed, in the order of their first change.
    var dirty: [LiveConversation] = []

    mutating func touch(_ conversation: LiveConversation) {
        guard !conversation.dirty else { return }
        conversation.dirty = true
        self.dirty.append(conversation)
    }

    mutating func removeAll() {
        self.conversations.removeAll()
        self.users.removeAll()
        self.dirty.removeAll()
        self.ordinals = 0
    }

    mutating func trim() {
        let over =
            self.conversations.count > Self.conversationsMax || self.users.count > Self.usersMax
            || self.ordinals > Self.ordinalsMax
        if over { self.removeAll() }
    }
}

extension Writer {
    /// The key of a user; nil if there is no such account.
    func userKey(_ user: UserID) throws(SQLiteError) -> Int64? {
        if let known = self.cache.users[user] { return known }
        let query = try self.statement("SELECT key FROM users WHERE id = ?1")
        query.bind(1, user.rawValue)
        guard let key = try query.one() else { return nil }
        self.cache.users[user] = key
        return key
    }

    /// The conversation as it stands in this transaction; nil if there is none.
    func conversation(_ id: ConversationID) throws(SQLiteError) -> LiveConversation? {
        if let known = self.cache.conversations[id] { return known }
        let query = try self.statement(
            "SELECT \(Row.headColumns), h.key, h.newest_message, h.unfrozen_since FROM conversations h WHERE h.id = ?1")
        query.bind(1, id.rawValue)
        guard try query.step() else { return nil }
        defer { query.reset() }
        let head = try Row.head(query, at: 0)
        let live = LiveConversation(
            key: query.int64(Row.headWidth), head: head, newestMessage: query.int64(Row.headWidth + 1),
            unfrozenSince: query.int64(Row.headWidth + 2))
        self.cache.conversations[id] = live
        return live
    }

    /// The user's own messages in the conversation so far, by the index on (conversation, sender, sequence).
    func ownMessages(of user: Int64, in conversation: LiveConversation) throws(SQLiteError) -> Int64 {
        if let known = conversation.ownMessages[user] { return known }
        let query = try self.statement(
            """
            SELECT sender_ordinal FROM entries WHERE conversation = ?1 AND sender = ?2 AND kind = 1
            ORDER BY sequence DESC LIMIT 1
            """)
        query.bind(1, conversation.key)
        query.bind(2, user)
        let found = try query.one() ?? 0
        guard Row.counts.contains(found) else { throw .corrupt("an ordinal is out of range") }
        conversation.ownMessages[user] = found
        self.cache.ordinals += 1
        return found
    }

    private static let headColumns = """
        sequence = ?2, messages = ?3, control_sequence = ?4, newest_message = ?5, member_count = ?6, last_slot = ?7, time = ?8, stamp = ?9
        """

    /// Writes the changed heads: one row per conversation and batch (R32).
    func storeHeads() throws(SQLiteError) {
        let update = try self.statement("UPDATE conversations SET \(Self.headColumns) WHERE key = ?1")
        for live in self.cache.dirty {
            if live.unfrozenDirty {
                // Apart, because it moves the row in an index.
                let both = try self.statement("UPDATE conversations SET \(Self.headColumns), unfrozen_since = ?10 WHERE key = ?1")
                both.bind(10, live.unfrozenSince)
                try self.store(live, both)
                live.unfrozenDirty = false
            } else {
                try self.store(live, update)
            }
            live.dirty = false
            if live.settingsDirty { try self.storeSettings(live) }
        }
        self.cache.dirty.removeAll(keepingCapacity: true)
        if self.bearsStamps { try self.storeHighWater() }
    }

    private func store(_ live: LiveConversation, _ update: Statement) throws(SQLiteError) {
        update.bind(1, live.key)
        update.bind(2, live.head.sequence)
        update.bind(3, live.head.messages)
        update.bind(4, live.head.controlSequence)
        update.bind(5, live.newestMessage)
        update.bind(6, Int64(live.head.memberCount))
        update.bind(7, Int64(live.head.lastSlot))
        update.bind(8, live.head.time)
        update.bind(9, live.head.stamp)
        try update.run()
    }

    /// Writes what few entries change of a head.
    private func storeSettings(_ live: LiveConversation) throws(SQLiteError) {
        let update = try self.statement(
            """
            UPDATE conversations SET title = ?2, description = ?3, avatar = ?4, member_cap = ?5, history_visible = ?6, dissolved = ?7,
                rule_send = ?8, rule_invite = ?9, rule_mention_all = ?10, rule_joining = ?11, rule_slow = ?12, rule_recall = ?13,
                rule_receipts = ?14
            WHERE key = ?1
            """)
        update.bind(1, live.key)
        update.bind(2, live.head.title)
        update.bind(3, live.head.description)
        update.bind(4, live.head.avatar)
        update.bind(5, Int64(live.head.memberCap))
        update.bind(6, live.head.historyVisible)
        update.bind(7, live.head.dissolved)
        update.bind(live.head.rules, from: 8)
        try update.run()
        live.settingsDirty = false
    }
}

extension Statement {
    /// Seven parameters, in the order of `Row.headColumns`.
    func bind(_ rules: GroupRules, from first: Int32) {
        self.bind(first, Int64(rules.send.rawValue))
        self.bind(first + 1, Int64(rules.invite.rawValue))
        self.bind(first + 2, Int64(rules.mentionAll.rawValue))
        self.bind(first + 3, Int64(rules.joining.rawValue))
        self.bind(first + 4, rules.slowMilliseconds)
        self.bind(first + 5, rules.recallMilliseconds)
        self.bind(first + 6, rules.receipts)
    }
}
