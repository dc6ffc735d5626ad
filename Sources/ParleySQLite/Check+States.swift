import ParleyDomain

extension Check {
    /// What the log says of messages, by message, and what is kept of it: two lists that must be the same. Each is one pass over an index
    /// that holds only such entries.
    private static let accounts: [(name: String, log: String, kept: String)] = [
        (
            "newest edits",
            "SELECT relates_to, max(sequence) FROM entries WHERE conversation = ?1 AND kind = 18 GROUP BY relates_to",
            "SELECT target, edited FROM states WHERE conversation = ?1 AND edited > 0"
        ),
        (
            "recalls",
            "SELECT relates_to, sequence FROM entries WHERE conversation = ?1 AND kind <> 1 AND kind <> 18 AND kind <> 20 AND kind = 19",
            "SELECT target, recalled FROM states WHERE conversation = ?1 AND recalled > 0"
        ),
        (
            "threads", "SELECT thread, count(*) FROM entries WHERE conversation = ?1 AND thread > 0 GROUP BY thread",
            "SELECT target, replies FROM states WHERE conversation = ?1 AND replies > 0"
        ),
        (
            "reactions", "SELECT target, emoji, count(*) FROM reactions WHERE conversation = ?1 GROUP BY target, emoji",
            "SELECT target, emoji, count FROM reaction_counts WHERE conversation = ?1"
        ),
        (
            "numbers of emoji", "SELECT target, count(*) FROM reaction_counts WHERE conversation = ?1 GROUP BY target",
            "SELECT target, reactions FROM states WHERE conversation = ?1 AND reactions > 0"
        ),
        (
            "senders", "SELECT target, sender FROM states WHERE conversation = ?1",
            """
            SELECT st.target, e.sender FROM states st JOIN entries e ON e.conversation = st.conversation AND e.sequence = st.target
            WHERE st.conversation = ?1 AND e.kind = 1
            """
        ),
    ]

    /// What was done to messages, against the entries that did it.
    mutating func checkStates(of conversation: ConversationID, key: Int64) throws(SQLiteError) {
        for account in Self.accounts {
            let query = try self.snapshot.statement(
                """
                SELECT (SELECT count(*) FROM (\(account.log) EXCEPT \(account.kept)))
                    + (SELECT count(*) FROM (\(account.kept) EXCEPT \(account.log)))
                """)
            query.bind(1, key)
            let differences = try query.one() ?? 0
            if differences > 0 {
                self.report.note(
                    "conversation \(conversation): \(account.name) of messages differ from the log in \(differences) places")
            }
        }
    }
}
