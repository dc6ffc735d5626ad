/// The tables, as a list of steps: a new database takes all of them, an older one those it lacks.
enum Schema {
    /// The version that this program writes: the number of steps.
    static var version: Int64 { Int64(Self.migrations.count) }

    /// Step n (from 1) brings version n-1 to version n. Never change a step that was released; add one.
    static let migrations: [[String]] = [
        [Self.meta, Self.secrets, Self.users, Self.sessions] + Self.logs,
        Self.threads + Self.settings + Self.standings + Self.marks + Self.records,
        Self.ends,
    ]

    /// Step 3: sessions of a user are found, and those that nobody can come back to, without reading all of them.
    private static let ends = [
        "CREATE INDEX sessions_by_user ON sessions (user)",
        "CREATE INDEX sessions_by_end ON sessions (expires) WHERE revoked = 0 OR id < 'x'",
    ]

    /// `name`: schema_version, epoch, high_water. The last is the newest stamp that no entry bears.
    private static let meta = """
        CREATE TABLE meta (
            name TEXT PRIMARY KEY,
            value ANY NOT NULL
        ) STRICT, WITHOUT ROWID
        """

    private static let secrets = """
        CREATE TABLE secrets (
            name TEXT PRIMARY KEY,
            value BLOB NOT NULL
        ) STRICT, WITHOUT ROWID
        """

    /// `key` stands for the user in every other table, so that no index holds a name.
    private static let users = """
        CREATE TABLE users (
            key INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            folded_name TEXT NOT NULL UNIQUE,
            password_hash TEXT,
            created INTEGER NOT NULL
        ) STRICT
        """

    private static let sessions = """
        CREATE TABLE sessions (
            key INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            user INTEGER NOT NULL REFERENCES users (key),
            device TEXT NOT NULL,
            token_hash BLOB NOT NULL UNIQUE,
            created INTEGER NOT NULL,
            expires INTEGER NOT NULL,
            revoked INTEGER NOT NULL DEFAULT 0,
            address TEXT NOT NULL,
            agent TEXT NOT NULL
        ) STRICT
        """

    /// Entries have no foreign keys: they would be two look-ups a row for keys that the only writer has read itself.
    /// `check` does what they would.
    private static let logs = [
        """
        CREATE TABLE conversations (
            key INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            kind INTEGER NOT NULL,
            title TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            messages INTEGER NOT NULL,
            control_sequence INTEGER NOT NULL,
            newest_message INTEGER NOT NULL,
            member_count INTEGER NOT NULL,
            member_cap INTEGER NOT NULL,
            last_slot INTEGER NOT NULL,
            history_visible INTEGER NOT NULL,
            time INTEGER NOT NULL,
            stamp INTEGER NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE entries (
            id INTEGER PRIMARY KEY,
            format INTEGER NOT NULL,
            conversation INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            kind INTEGER NOT NULL,
            sender INTEGER NOT NULL,
            client_id TEXT NOT NULL,
            time INTEGER NOT NULL,
            message_ordinal INTEGER NOT NULL,
            sender_ordinal INTEGER NOT NULL,
            relates_to INTEGER NOT NULL,
            crc INTEGER NOT NULL,
            content BLOB NOT NULL
        ) STRICT
        """,
        "CREATE UNIQUE INDEX entries_by_sequence ON entries (conversation, sequence)",
        "CREATE UNIQUE INDEX entries_by_client_id ON entries (conversation, sender, client_id)",
        "CREATE UNIQUE INDEX entries_by_sender ON entries (conversation, sender, sequence)",
        "CREATE INDEX entries_by_relation ON entries (conversation, relates_to, sequence) WHERE relates_to > 0",
        // What was asked for in an entry that changes membership: tells a repeat from a conflict, as the content names
        // only those whom the change concerned.
        """
        CREATE TABLE requests (
            entry INTEGER PRIMARY KEY REFERENCES entries (id),
            change BLOB NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE members (
            conversation INTEGER NOT NULL REFERENCES conversations (key),
            user INTEGER NOT NULL REFERENCES users (key),
            slot INTEGER NOT NULL,
            role INTEGER NOT NULL,
            active INTEGER NOT NULL,
            visible_from INTEGER NOT NULL,
            ended_at INTEGER NOT NULL,
            read INTEGER NOT NULL,
            delivered INTEGER NOT NULL,
            stamp INTEGER NOT NULL,
            PRIMARY KEY (conversation, user)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX members_by_user ON members (user, conversation)",
        "CREATE UNIQUE INDEX members_by_slot ON members (conversation, slot)",
        // `to_sequence` is 0 while the membership lasts.
        """
        CREATE TABLE intervals (
            conversation INTEGER NOT NULL,
            user INTEGER NOT NULL,
            from_sequence INTEGER NOT NULL,
            to_sequence INTEGER NOT NULL,
            PRIMARY KEY (conversation, user, from_sequence),
            FOREIGN KEY (conversation, user) REFERENCES members (conversation, user)
        ) STRICT, WITHOUT ROWID
        """,
    ]
}
