/// Step 2: threads, settings, states of members and messages, and what is no entry.
extension Schema {
    /// Messages of a sender are found without his other entries, edits without the reactions beside them, and what an administrator
    /// audits without the messages between (R104).
    ///
    /// The audit's condition is no `NOT IN`: SQLite would fill a b-tree with the three kinds for every row that is inserted. A query
    /// that is to use the index has the same three comparisons.
    static let threads = [
        "ALTER TABLE entries ADD COLUMN thread INTEGER NOT NULL DEFAULT 0",
        "CREATE INDEX entries_by_thread ON entries (conversation, thread, sequence) WHERE thread > 0",
        "CREATE INDEX entries_by_edit ON entries (conversation, relates_to, sequence) WHERE kind = 18",
        "CREATE INDEX entries_by_audit ON entries (conversation, sequence) WHERE kind <> 1 AND kind <> 18 AND kind <> 20",
        "DROP INDEX entries_by_sender",
        "CREATE UNIQUE INDEX entries_by_sender ON entries (conversation, sender, sequence) WHERE kind = 1",
    ]

    /// Defaults are those of `GroupRules`. `unfrozen_since` is when the oldest message was accepted whose receipts are not frozen; 0
    /// where there is none.
    static let settings = [
        "ALTER TABLE conversations ADD COLUMN description TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE conversations ADD COLUMN avatar TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE conversations ADD COLUMN rule_send INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE conversations ADD COLUMN rule_invite INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE conversations ADD COLUMN rule_mention_all INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE conversations ADD COLUMN rule_joining INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE conversations ADD COLUMN rule_slow INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE conversations ADD COLUMN rule_recall INTEGER NOT NULL DEFAULT 120000",
        "ALTER TABLE conversations ADD COLUMN rule_receipts INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE conversations ADD COLUMN dissolved INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE conversations ADD COLUMN frozen_to INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE conversations ADD COLUMN unfrozen_since INTEGER NOT NULL DEFAULT 0",
        """
        UPDATE conversations SET unfrozen_since = coalesce((
            SELECT max(1, e.time) FROM entries e WHERE e.conversation = conversations.key AND e.kind = 1 ORDER BY e.sequence LIMIT 1), 0)
        """,
        "CREATE INDEX conversations_by_unfrozen ON conversations (unfrozen_since) WHERE unfrozen_since > 0",
    ]

    /// `state` holds a `MemberState`; 0 and 1 are what `active` held. `changed` is the stamp of the last change of the membership itself,
    /// no two alike in a conversation, so that a list of changes can end anywhere; older rows have their slot there. Slot 0: never was a
    /// member.
    static let standings = [
        "ALTER TABLE members RENAME COLUMN active TO state",
        "ALTER TABLE members ADD COLUMN muted_until INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE members ADD COLUMN notify INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE members ADD COLUMN changed INTEGER NOT NULL DEFAULT 0",
        "UPDATE members SET changed = slot",
        "DROP INDEX members_by_slot",
        "CREATE UNIQUE INDEX members_by_slot ON members (conversation, slot) WHERE slot > 0",
        "CREATE INDEX members_by_change ON members (conversation, changed) WHERE slot > 0",
        "CREATE INDEX members_by_state ON members (conversation, state) WHERE state > 1",
    ]

    /// What later entries did to messages, and whom messages mention.
    static let marks = [
        // `sender` is the target's. `pinned`: the sequence of the pin entry. `reactions`: different emoji. `replies`: messages in its thread.
        """
        CREATE TABLE states (
            conversation INTEGER NOT NULL,
            target INTEGER NOT NULL,
            sender INTEGER NOT NULL,
            edited INTEGER NOT NULL DEFAULT 0,
            recalled INTEGER NOT NULL DEFAULT 0,
            pinned INTEGER NOT NULL DEFAULT 0,
            reactions INTEGER NOT NULL DEFAULT 0,
            replies INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (conversation, target)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX states_recalled ON states (conversation, target, sender) WHERE recalled > 0",
        "CREATE INDEX states_pinned ON states (conversation, pinned) WHERE pinned > 0",
        // Users by id: lists of them are in this order, however long.
        """
        CREATE TABLE reactions (
            conversation INTEGER NOT NULL,
            target INTEGER NOT NULL,
            emoji TEXT NOT NULL,
            user TEXT NOT NULL,
            PRIMARY KEY (conversation, target, emoji, user)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE reaction_counts (
            conversation INTEGER NOT NULL,
            target INTEGER NOT NULL,
            emoji TEXT NOT NULL,
            count INTEGER NOT NULL,
            first_sequence INTEGER NOT NULL,
            PRIMARY KEY (conversation, target, emoji)
        ) STRICT, WITHOUT ROWID
        """,
        // User 0 stands for everybody.
        """
        CREATE TABLE mentions (
            conversation INTEGER NOT NULL,
            user INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            sender INTEGER NOT NULL,
            PRIMARY KEY (conversation, user, sequence)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX mentions_by_sequence ON mentions (conversation, sequence)",
    ]

    /// Links, and what is no entry of a log. Times are in milliseconds since 1970.
    static let records = [
        // `closed`: revoked, or found expired or used up when another was made.
        """
        CREATE TABLE links (
            id TEXT PRIMARY KEY,
            conversation INTEGER NOT NULL,
            user INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            expires INTEGER NOT NULL,
            uses INTEGER NOT NULL,
            used INTEGER NOT NULL DEFAULT 0,
            closed INTEGER NOT NULL DEFAULT 0
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX links_by_conversation ON links (conversation, sequence) WHERE closed = 0",
        """
        CREATE TABLE blocks (
            user INTEGER NOT NULL,
            blocked INTEGER NOT NULL,
            PRIMARY KEY (user, blocked)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE reports (
            key INTEGER PRIMARY KEY,
            conversation INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            user INTEGER NOT NULL,
            reason TEXT NOT NULL,
            time INTEGER NOT NULL
        ) STRICT
        """,
        "CREATE UNIQUE INDEX reports_by_message ON reports (conversation, sequence, user)",
        "CREATE INDEX reports_by_conversation ON reports (conversation, key)",
        // Conversation 0 stands for the account.
        """
        CREATE TABLE private_data (
            key INTEGER PRIMARY KEY,
            user INTEGER NOT NULL,
            conversation INTEGER NOT NULL,
            data BLOB NOT NULL
        ) STRICT
        """,
        "CREATE UNIQUE INDEX private_data_by_user ON private_data (user, conversation)",
        // From which sequence to which the member's receipts are off; `to_sequence` is 0 while they are.
        """
        CREATE TABLE exclusions (
            user INTEGER NOT NULL,
            conversation INTEGER NOT NULL,
            from_sequence INTEGER NOT NULL,
            to_sequence INTEGER NOT NULL,
            PRIMARY KEY (user, conversation, from_sequence)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE preferences (
            user INTEGER PRIMARY KEY,
            receipts INTEGER NOT NULL,
            presence INTEGER NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE seen (
            user INTEGER PRIMARY KEY,
            time INTEGER NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE frozen (
            conversation INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            total INTEGER NOT NULL,
            read INTEGER NOT NULL,
            delivered INTEGER NOT NULL,
            PRIMARY KEY (conversation, sequence)
        ) STRICT, WITHOUT ROWID
        """,
    ]
}
