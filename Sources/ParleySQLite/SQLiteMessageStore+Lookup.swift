package import ParleyDomain

extension SQLiteMessageStore {
    package func entry(in conversation: ConversationID, from sender: UserID, clientID: ClientID) throws(StoreFailure) -> Entry? {
        try self.writer.read(.high) { () throws(SQLiteError) -> Entry? in
            guard let key = try self.writer.userKey(sender), let known = try self.writer.conversation(conversation) else {
                return nil
            }
            let query = try self.writer.statement(
                """
                SELECT \(Row.entryColumns)
                FROM entries e LEFT JOIN users s ON s.key = e.sender
                WHERE e.conversation = ?1 AND e.sender = ?2 AND e.client_id = ?3
                """)
            query.bind(1, known.key)
            query.bind(2, key)
            query.bind(3, clientID.rawValue)
            guard try query.step() else { return nil }
            defer { query.reset() }
            return try Row.entry(query, in: conversation)
        }
    }
}
