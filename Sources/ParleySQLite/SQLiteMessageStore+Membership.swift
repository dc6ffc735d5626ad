import CSQLite
import ParleyDomain

/// Drafts that change membership. Each is decided in full before its first write, so a refused one leaves no trace and
/// needs no savepoint.
extension SQLiteMessageStore {
    func append(_ draft: Draft, making change: Change, sender: Int64) throws(SQLiteError) -> AppendOutcome {
        if case .create(let new, let members) = change {
            return try self.create(draft, new: new, members: members, sender: sender)
        }
        guard let conversation = try self.writer.conversation(draft.conversation) else { return .refused(.unknownConversation) }
        if let earlier = try self.earlier(draft, sender: sender, conversation) {
            // A repeat is answered as such, whatever has changed since; a conflict only by who knows the present rules.
            if case .duplicate = earlier { return earlier }
            return draft.decidedAt < conversation.head.controlSequence ? .refused(.stale) : earlier
        }
        guard draft.decidedAt >= conversation.head.controlSequence else { return .refused(.stale) }
        guard conversation.head.kind == .group else {
            return .refused(.invalid("the members of a direct conversation never change"))
        }
        switch change {
        case .create:
            return .refused(.conflict)
        case .add(let users):
            return try self.add(users, by: draft, sender: sender, to: conversation)
        case .end(let user):
            return try self.end(user, by: draft, sender: sender, in: conversation)
        case .setRole(let user, let role):
            return try self.setRole(role, of: user, by: draft, sender: sender, in: conversation)
        }
    }

    // MARK: The four changes

    private func create(_ draft: Draft, new: NewConversation, members: [UserID], sender: Int64) throws(SQLiteError)
        -> AppendOutcome
    {
        if let conversation = try self.writer.conversation(draft.conversation) {
            return try self.earlier(draft, sender: sender, conversation) ?? .refused(.conflict)
        }
        let others = members.once(without: draft.sender)
        if new.kind == .direct, others.count != 1 { return .refused(.invalid("a direct conversation has two members")) }
        guard (1...Limits.membersPerGroupMax).contains(Int(new.memberCap)) else {
            return .refused(.invalid("a cap of \(new.memberCap) members"))
        }
        guard others.count < Int(new.memberCap) else { return .refused(.groupFull) }
        var keys: [Int64] = []
        for user in others {
            guard let key = try self.writer.userKey(user) else { return .refused(.unknownUser(user)) }
            keys.append(key)
        }

        let count = Int32(clamping: others.count + 1)
        let head = ConversationHead(
            conversation: draft.conversation, kind: new.kind, title: new.title, memberCount: count, memberCap: new.memberCap,
            lastSlot: count, historyVisible: new.historyVisible)
        let conversation = LiveConversation(key: try self.insertConversation(head), head: head, newestMessage: 0)
        self.writer.cache.conversations[draft.conversation] = conversation
        let slots = (2..<Int32(clamping: others.count + 2)).map { $0 }
        let entry = try self.store(
            draft, sender: sender, in: conversation,
            content: ControlContent.bytes(for: .create(new, members: others), slots: slots))
        try self.join(sender, slot: 1, role: new.kind == .group ? .owner : .member, visibleFrom: 1, at: entry, in: conversation)
        for (key, slot) in zip(keys, slots) {
            try self.join(key, slot: slot, role: .member, visibleFrom: 1, at: entry, in: conversation)
        }
        return .appended(entry)
    }

    private func add(_ users: [UserID], by draft: Draft, sender: Int64, to conversation: LiveConversation) throws(SQLiteError)
        -> AppendOutcome
    {
        var joining: [(user: UserID, key: Int64, slot: Int32)] = []
        var lastSlot = conversation.head.lastSlot
        for user in users.once() {
            guard let key = try self.writer.userKey(user) else { return .refused(.unknownUser(user)) }
            let known = try self.writer.member(key, in: conversation)
            if known?.membership.active == true { continue }
            if known == nil { lastSlot += 1 }
            joining.append((user, key, known?.membership.slot ?? lastSlot))
        }
        guard Int(conversation.head.memberCount) + joining.count <= Int(conversation.head.memberCap) else {
            return .refused(.groupFull)
        }

        let content = ControlContent.bytes(for: .add(joining.map(\.user)), slots: joining.map(\.slot))
        let entry = try self.store(draft, sender: sender, in: conversation, content: content)
        let visibleFrom = conversation.head.historyVisible ? 1 : entry.sequence
        for one in joining {
            try self.join(one.key, slot: one.slot, role: .member, visibleFrom: visibleFrom, at: entry, in: conversation)
        }
        conversation.head.memberCount += Int32(clamping: joining.count)
        conversation.head.lastSlot = lastSlot
        return .appended(entry)
    }

    private func end(_ user: UserID, by draft: Draft, sender: Int64, in conversation: LiveConversation) throws(SQLiteError)
        -> AppendOutcome
    {
        guard let key = try self.writer.userKey(user), try self.writer.member(key, in: conversation)?.membership.active == true
        else {
            return .refused(.notMember(user))
        }
        let entry = try self.store(
            draft, sender: sender, in: conversation, content: ControlContent.bytes(for: .end(user), slots: []))
        try self.update("UPDATE members SET active = 0, ended_at = ?3, stamp = ?4 WHERE conversation = ?1 AND user = ?2") {
            update in
            update.bind(1, conversation.key)
            update.bind(2, key)
            update.bind(3, entry.sequence)
            update.bind(4, entry.stamp)
        }
        try self.update("UPDATE intervals SET to_sequence = ?3 WHERE conversation = ?1 AND user = ?2 AND to_sequence = 0") {
            update in
            update.bind(1, conversation.key)
            update.bind(2, key)
            update.bind(3, entry.sequence)
        }
        conversation.head.memberCount -= 1
        return .appended(entry)
    }

    private func setRole(_ role: Role, of user: UserID, by draft: Draft, sender: Int64, in conversation: LiveConversation)
        throws(SQLiteError) -> AppendOutcome
    {
        guard let key = try self.writer.userKey(user), try self.writer.member(key, in: conversation)?.membership.active == true
        else {
            return .refused(.notMember(user))
        }
        let entry = try self.store(
            draft, sender: sender, in: conversation, content: ControlContent.bytes(for: .setRole(user, role), slots: []))
        try self.update("UPDATE members SET role = ?3, stamp = ?4 WHERE conversation = ?1 AND user = ?2") { update in
            update.bind(1, conversation.key)
            update.bind(2, key)
            update.bind(3, Int64(role.rawValue))
            update.bind(4, entry.stamp)
        }
        return .appended(entry)
    }

    // MARK: Rows

    private func insertConversation(_ head: ConversationHead) throws(SQLiteError) -> Int64 {
        let sql = """
            INSERT INTO conversations (id, kind, title, sequence, messages, control_sequence, newest_message, member_count, member_cap,
                last_slot, history_visible, time, stamp)
            VALUES (?1, ?2, ?3, 0, 0, 0, 0, ?4, ?5, ?6, ?7, 0, 0) RETURNING key
            """
        let insert = try self.writer.statement(sql)
        insert.bind(1, head.conversation.rawValue)
        insert.bind(2, Int64(head.kind.rawValue))
        insert.bind(3, head.title)
        insert.bind(4, Int64(head.memberCount))
        insert.bind(5, Int64(head.memberCap))
        insert.bind(6, Int64(head.lastSlot))
        insert.bind(7, head.historyVisible)
        guard try insert.step() else { throw .corrupt("no key for conversation \(head.conversation)") }
        let key = insert.int64(0)
        try insert.run()
        return key
    }

    /// Stores the entry of a change and what was asked for, and moves the head.
    private func store(_ draft: Draft, sender: Int64, in conversation: LiveConversation, content: [UInt8]) throws(SQLiteError)
        -> Entry
    {
        let id = try self.writer.nextID(at: draft.time)
        let entry = Entry(
            conversation: draft.conversation, sequence: conversation.head.sequence + 1, id: id, stamp: id, kind: draft.kind,
            sender: draft.sender, clientID: draft.clientID, time: draft.time, messageOrdinal: conversation.head.messages,
            senderOrdinal: try self.writer.ownMessages(of: sender, in: conversation), content: content)
        guard try self.insert(entry, conversation: conversation.key, sender: sender) else {
            throw .corrupt("sequence \(entry.sequence) of conversation \(draft.conversation) is taken")
        }
        try self.update("INSERT INTO requests (entry, change) VALUES (?1, ?2)") { insert in
            insert.bind(1, id)
            insert.bind(2, draft.change?.request ?? [])
        }
        self.advanceHead(of: conversation, to: entry)
        return entry
    }

    /// Makes or revives a membership. Nothing before the visible start counts as unread, so the read position is raised to it.
    private func join(
        _ user: Int64, slot: Int32, role: Role, visibleFrom: Int64, at entry: Entry, in conversation: LiveConversation
    ) throws(SQLiteError) {
        let sql = """
            INSERT INTO members (conversation, user, slot, role, active, visible_from, ended_at, read, delivered, stamp)
            VALUES (?1, ?2, ?3, ?4, 1, ?5, 0, ?5 - 1, 0, ?6)
            ON CONFLICT (conversation, user) DO UPDATE SET role = ?4, active = 1, visible_from = ?5, ended_at = 0,
                read = max(read, ?5 - 1), stamp = ?6
            """
        try self.update(sql) { insert in
            insert.bind(1, conversation.key)
            insert.bind(2, user)
            insert.bind(3, Int64(slot))
            insert.bind(4, Int64(role.rawValue))
            insert.bind(5, visibleFrom)
            insert.bind(6, entry.stamp)
        }
        try self.update("INSERT INTO intervals (conversation, user, from_sequence, to_sequence) VALUES (?1, ?2, ?3, 0)") {
            insert in
            insert.bind(1, conversation.key)
            insert.bind(2, user)
            insert.bind(3, entry.sequence)
        }
    }

    private func update(_ sql: String, _ bind: (Statement) -> Void) throws(SQLiteError) {
        let statement = try self.writer.statement(sql)
        bind(statement)
        try statement.run()
    }
}

extension Writer {
    /// The member row of this transaction, active or not; nil if the user never had one.
    func member(_ user: Int64, in conversation: LiveConversation) throws(SQLiteError) -> StoredMember? {
        let query = try self.statement(
            "SELECT \(Row.memberColumns) FROM members m JOIN users u ON u.key = m.user WHERE m.conversation = ?1 AND m.user = ?2")
        query.bind(1, conversation.key)
        query.bind(2, user)
        guard try query.step() else { return nil }
        defer { query.reset() }
        return try Row.member(query, at: 0, in: conversation.head.conversation)
    }
}
