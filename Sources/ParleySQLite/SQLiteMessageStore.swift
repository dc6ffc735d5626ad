import CSQLite
package import ParleyDomain

/// The log of one shard on the one connection that writes.
///
/// A batch is one transaction. A message costs one insert into the entries and their indexes and no look-up: sequence,
/// ordinals and keys come from the writer's memory, and the unique index on the client id tells a repeat. The head row is
/// written once per conversation and batch, so nothing grows with the members (R16, R32). Only a message that mentions somebody,
/// stands in a thread or was forwarded costs more.
///
/// Not Sendable: the thread that runs the shard makes all calls.
package final class SQLiteMessageStore: MessageStore {
    let writer: Writer
    /// Held so that the folder stays ours as long as anyone can write.
    private let database: SQLiteDatabase
    private let insert: Statement

    package init(_ database: SQLiteDatabase) throws(StoreFailure) {
        self.writer = database.writer
        self.database = database
        let writer = database.writer
        self.insert = try writer.read(.high) { () throws(SQLiteError) in
            try writer.statement(
                """
                INSERT INTO entries (id, format, conversation, sequence, kind, sender, client_id, time, message_ordinal,
                    sender_ordinal, relates_to, crc, content, thread)
                VALUES (?1, \(Entry.formatVersion), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
                ON CONFLICT DO NOTHING
                """)
        }
    }

    package var epoch: String { self.database.epoch }

    /// Rows inserted, updated or deleted since the database was opened.
    package var rowsWritten: Int64 { self.writer.connection.totalChanges }

    // MARK: Appending

    package func append(_ drafts: [Draft]) throws(StoreFailure) -> [AppendOutcome] {
        guard !drafts.isEmpty else { return [] }
        return try self.writer.transaction(.high) { () throws(SQLiteError) in
            self.writer.cache.trim()
            let outcomes = try self.appendInTransaction(drafts)
            let changed = !self.writer.cache.dirty.isEmpty
            try self.writer.storeHeads()
            return changed ? .commit(outcomes) : .unchanged(outcomes)
        }
    }

    /// The drafts one after the other, each on what the ones before it left. Heads are stored by the caller.
    func appendInTransaction(_ drafts: [Draft]) throws(SQLiteError) -> [AppendOutcome] {
        var outcomes: [AppendOutcome] = []
        outcomes.reserveCapacity(drafts.count)
        for draft in drafts {
            outcomes.append(
                try self.alone { () throws(SQLiteError) in
                    try self.append(draft)
                } damaged: {
                    .refused(.corrupt($0))
                })
        }
        return outcomes
    }

    /// Does one thing of a batch. A row that fails its check is that thing's own failure, and not the batch's, as long as nothing was
    /// written for it.
    func alone<Outcome>(_ body: () throws(SQLiteError) -> Outcome, damaged: (String) -> Outcome) throws(SQLiteError) -> Outcome {
        let (changes, mark) = (self.writer.connection.totalChanges, self.writer.highWater)
        do throws(SQLiteError) {
            return try body()
        } catch {
            guard error.isDamagedRow, self.writer.connection.totalChanges == changes else { throw error }
            self.writer.giveBack(to: mark)
            return damaged(error.message)
        }
    }

    private func append(_ draft: Draft) throws(SQLiteError) -> AppendOutcome {
        if let reason = draft.fault { return .refused(.invalid(reason)) }
        guard let sender = try self.writer.userKey(draft.sender) else { return .refused(.unknownUser(draft.sender)) }
        if let change = draft.change { return try self.append(draft, making: change, sender: sender) }
        guard let conversation = try self.writer.conversation(draft.conversation) else { return .refused(.unknownConversation) }
        guard draft.decidedAt >= conversation.head.controlSequence else {
            // A repeat of what is stored is answered as such, whatever has changed since (promise 3).
            guard case .duplicate(let entry)? = try self.earlier(draft, sender: sender, conversation) else {
                return .refused(.stale)
            }
            return .duplicate(entry)
        }
        guard max(draft.relatesTo, draft.thread) <= conversation.head.sequence else {
            return .refused(.invalid("relates to sequence \(max(draft.relatesTo, draft.thread)), which is not there yet"))
        }
        guard draft.isPlain else { return try self.appendMarked(draft, sender: sender, to: conversation) }
        return try self.appendMessage(draft, sender: sender, to: conversation)
    }

    func appendMessage(_ draft: Draft, sender: Int64, to conversation: LiveConversation) throws(SQLiteError) -> AppendOutcome {
        let own = try self.writer.ownMessages(of: sender, in: conversation) + 1
        let mark = self.writer.highWater
        let id = try self.writer.nextID(at: draft.time)
        let entry = Entry(
            conversation: draft.conversation, sequence: conversation.head.sequence + 1, id: id, stamp: id, kind: .message,
            sender: draft.sender, clientID: draft.clientID, time: draft.time, messageOrdinal: conversation.head.messages + 1,
            senderOrdinal: own, relatesTo: draft.relatesTo, thread: draft.thread, content: draft.content)
        guard try self.insert(entry, conversation: conversation.key, sender: sender) else {
            self.writer.giveBack(to: mark)
            if let outcome = try self.earlier(draft, sender: sender, conversation) { return outcome }
            throw .corrupt("sequence \(entry.sequence) of conversation \(draft.conversation) is taken")
        }
        conversation.ownMessages[sender] = own
        conversation.newestMessage = entry.sequence
        if conversation.unfrozenSince == 0 {
            conversation.unfrozenSince = max(1, entry.time)
            conversation.unfrozenDirty = true
        }
        self.advanceHead(of: conversation, to: entry)
        return .appended(entry)
    }

    /// The head after this entry, to be stored at the end of the batch.
    func advanceHead(of conversation: LiveConversation, to entry: Entry) {
        conversation.head.sequence = entry.sequence
        conversation.head.messages = entry.messageOrdinal
        conversation.head.time = entry.time
        conversation.head.stamp = entry.stamp
        if entry.kind.changesRights { conversation.head.controlSequence = entry.sequence }
        self.writer.cache.touch(conversation)
    }

    /// False when a unique index has it already: the client id, or else something is wrong.
    func insert(_ entry: Entry, conversation: Int64, sender: Int64) throws(SQLiteError) -> Bool {
        let insert = self.insert
        insert.bind(1, entry.id)
        insert.bind(2, conversation)
        insert.bind(3, entry.sequence)
        insert.bind(4, Int64(entry.kind.rawValue))
        insert.bind(5, sender)
        insert.bind(7, entry.time)
        insert.bind(8, entry.messageOrdinal)
        insert.bind(9, entry.senderOrdinal)
        insert.bind(10, entry.relatesTo)
        insert.bind(11, Int64(entry.checksum))
        insert.bind(13, entry.thread)
        var client = entry.clientID.rawValue
        // Both memories stay until the statement is reset, so neither text nor content is copied on its way in.
        let failure: SQLiteError? = entry.content.withUnsafeBytes { content in
            client.withUTF8 { text in
                insert.bindBorrowed(6, text: text)
                insert.bindBorrowed(12, blob: content)
                do throws(SQLiteError) {
                    _ = try insert.step()
                    return nil
                } catch {
                    return error
                }
            }
        }
        if let failure { throw failure }
        return self.writer.connection.changes == 1
    }

    /// What is stored under the draft's client id: a duplicate if it is the same, else a conflict; nil if nothing is.
    func earlier(_ draft: Draft, sender: Int64, _ conversation: LiveConversation) throws(SQLiteError) -> AppendOutcome? {
        let query = try self.writer.statement(
            """
            SELECT \(Row.entryColumns), r.change
            FROM entries e LEFT JOIN users s ON s.key = e.sender LEFT JOIN requests r ON r.entry = e.id
            WHERE e.conversation = ?1 AND e.sender = ?2 AND e.client_id = ?3
            """)
        query.bind(1, conversation.key)
        query.bind(2, sender)
        query.bind(3, draft.clientID.rawValue)
        guard try query.step() else { return nil }
        defer { query.reset() }
        let entry = try Row.entry(query, in: draft.conversation)
        guard entry.kind == draft.kind, entry.relatesTo == draft.relatesTo, entry.thread == draft.thread else {
            return .refused(.conflict)
        }
        let asked = query.isNull(Row.entryWidth) ? nil : query.bytes(Row.entryWidth)
        let same = asked == draft.keptRequest && (asked != nil || entry.content == draft.expectedContent)
        return same ? .duplicate(entry) : .refused(.conflict)
    }

    // MARK: Positions

    package func advance(_ positions: [PositionUpdate]) throws(StoreFailure) {
        guard !positions.isEmpty else { return }
        try self.writer.transaction(.high) { () throws(SQLiteError) in
            self.writer.cache.trim()
            var changed = false
            for position in positions {
                let isNew = try self.alone { () throws(SQLiteError) in
                    try self.advance(position)
                } damaged: { _ in
                    false
                }
                changed = isNew || changed
            }
            guard changed else { return .unchanged(()) }
            try self.writer.storeHighWater()
            return .commit(())
        }
    }

    /// Whether a row changed. A former member's positions end where his membership ended.
    private func advance(_ position: PositionUpdate) throws(SQLiteError) -> Bool {
        guard let conversation = try self.writer.conversation(position.conversation),
            let user = try self.writer.userKey(position.user)
        else { return false }
        let head = conversation.head.sequence
        let read = position.read <= head ? position.read : 0
        let delivered = position.delivered <= head ? position.delivered : 0
        guard read > 0 || delivered > 0 else { return false }
        let update = try self.writer.statement(
            """
            UPDATE members SET read = max(read, CASE state WHEN 1 THEN ?3 ELSE min(?3, ended_at) END),
                delivered = max(delivered, CASE state WHEN 1 THEN ?4 ELSE min(?4, ended_at) END), stamp = ?5
            WHERE conversation = ?1 AND user = ?2 AND slot > 0
                AND (read < CASE state WHEN 1 THEN ?3 ELSE min(?3, ended_at) END
                    OR delivered < CASE state WHEN 1 THEN ?4 ELSE min(?4, ended_at) END)
            """)
        let mark = self.writer.highWater
        update.bind(1, conversation.key)
        update.bind(2, user)
        update.bind(3, read)
        update.bind(4, delivered)
        update.bind(5, try self.writer.nextStamp())
        try update.run()
        let changed = self.writer.connection.changes > 0
        if !changed { self.writer.giveBack(to: mark) }
        return changed
    }
}
