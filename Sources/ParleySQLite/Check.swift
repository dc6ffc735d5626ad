package import ParleyDomain

/// What a check of the whole database found.
package struct CheckReport: Sendable, Equatable {
    package var conversations = 0
    package var entries = 0
    package var members = 0
    package var users = 0
    package var sessions = 0
    /// One sentence each, the first 1,000.
    package var problems: [String] = []
    package var problemCount = 0

    package var isSound: Bool { self.problemCount == 0 }

    mutating func note(_ problem: String) {
        self.problemCount += 1
        if self.problems.count < 1_000 { self.problems.append(problem) }
    }
}

extension SQLiteDatabase {
    /// Reads everything once and checks what the ports promise: dense sequences, both ordinals, check sums, heads,
    /// memberships and intervals, and SQLite's own structures and unique indexes.
    ///
    /// One snapshot, so for a large database run it on a stopped server or a copy. Memory grows with the members of one
    /// conversation, not with its history.
    ///
    /// - Parameters:
    ///   - interruption: Ends it early; the failure then says nothing about the database.
    ///   - progress: Called after each conversation with conversations and entries so far.
    package func check(
        _ interruption: Interruption = Interruption(), progress: (_ conversations: Int, _ entries: Int) -> Void = { _, _ in }
    ) throws(StoreFailure) -> CheckReport {
        do {
            return try self.readers.read { (snapshot) throws(SQLiteError) in
                try snapshot.whileNot(interruption) { () throws(SQLiteError) in
                    var check = Check(snapshot: snapshot)
                    try check.run(progress)
                    return check.report
                }
            }
        } catch {
            throw error.failure
        }
    }
}

/// One pass over the tables.
struct Check {
    let snapshot: Connection
    var report = CheckReport()

    init(snapshot: Connection) { self.snapshot = snapshot }

    mutating func run(_ progress: (Int, Int) -> Void) throws(SQLiteError) {
        try self.checkStructure()
        self.report.users = Int(try self.count("SELECT count(*) FROM users"))
        self.report.sessions = Int(try self.count("SELECT count(*) FROM sessions"))
        self.report.members = Int(try self.count("SELECT count(*) FROM members"))

        let heads = try self.snapshot.statement(
            "SELECT \(Row.headColumns), h.key, h.newest_message FROM conversations h ORDER BY h.key")
        defer { heads.reset() }
        while try heads.step() {
            self.report.conversations += 1
            do throws(SQLiteError) {
                let head = try Row.head(heads, at: 0)
                let key = heads.int64(Row.headWidth)
                let log = try self.checkLog(of: head, key: key)
                self.compare(head, newestMessage: heads.int64(Row.headWidth + 1), with: log)
                try self.checkMembers(of: head, key: key)
                try self.checkStates(of: head.conversation, key: key)
            } catch {
                guard error.failure.isCorrupt else { throw error }
                self.report.note("conversation \(heads.text(0)): \(error.message)")
            }
            progress(self.report.conversations, self.report.entries)
        }
        let total = try self.count("SELECT count(*) FROM entries")
        if total != Int64(self.report.entries) {
            self.report.note("\(total - Int64(self.report.entries)) entries belong to no conversation")
        }
    }

    private func count(_ sql: String) throws(SQLiteError) -> Int64 { try self.snapshot.statement(sql).one() ?? 0 }

    /// SQLite's own view: pages, indexes against tables (so also that unique is unique), references.
    private mutating func checkStructure() throws(SQLiteError) {
        let structure = try self.snapshot.statement("PRAGMA integrity_check(100)")
        while try structure.step() {
            let line = structure.text(0)
            if line != "ok" { self.report.note("structure: \(line)") }
        }
        let references = try self.snapshot.statement("PRAGMA foreign_key_check")
        while try references.step() {
            self.report.note("a row of \(references.text(0)) names a row of \(references.text(2)) that is not there")
        }
        let newest = max(
            try self.count("SELECT max(id) FROM entries"), try self.count("SELECT value FROM meta WHERE name = 'high_water'"))
        if try self.count("SELECT max(stamp) FROM members") > newest {
            self.report.note("a member row bears a stamp of the future")
        }
    }

    // MARK: The log of one conversation

    /// What the entries of a conversation add up to.
    struct Log {
        var sequence: Int64 = 0
        var messages: Int64 = 0
        var control: Int64 = 0
        var newestMessage: Int64 = 0
        var id: Int64 = 0
        var time: Int64 = 0
        /// By sender: his own messages.
        var own: [UserID: Int64] = [:]
    }

    private mutating func checkLog(of head: ConversationHead, key: Int64) throws(SQLiteError) -> Log {
        let query = try self.snapshot.statement(
            """
            SELECT \(Row.entryColumns) FROM entries e LEFT JOIN users s ON s.key = e.sender
            WHERE e.conversation = ?1 ORDER BY e.sequence
            """)
        defer { query.reset() }
        query.bind(1, key)
        var log = Log()
        while try query.step() {
            self.report.entries += 1
            do throws(SQLiteError) {
                self.add(try Row.entry(query, in: head.conversation), to: &log)
            } catch {
                self.report.note(error.message)
                // Go on from what the row says, so that one fault is not told of for every later entry.
                log.sequence = query.int64(0)
                log.messages = query.int64(7)
                log.own[UserID(trusted: query.text(4))] = query.int64(8)
            }
        }
        return log
    }

    private mutating func add(_ entry: Entry, to log: inout Log) {
        let place = "entry \(entry.sequence) of conversation \(entry.conversation)"
        let message: Int64 = entry.kind.countsAsUnread ? 1 : 0
        if entry.sequence != log.sequence &+ 1 {
            self.report.note(
                "conversation \(entry.conversation): sequence \(log.sequence &+ 1) is missing before \(entry.sequence)")
        }
        if entry.messageOrdinal != log.messages &+ message {
            self.report.note("\(place) has message ordinal \(entry.messageOrdinal) instead of \(log.messages &+ message)")
        }
        let own = log.own[entry.sender, default: 0] &+ message
        if entry.senderOrdinal != own { self.report.note("\(place) has sender ordinal \(entry.senderOrdinal) instead of \(own)") }
        if entry.id <= log.id { self.report.note("\(place) has an id that does not rise") }
        if entry.sequence == 1, entry.kind != .created { self.report.note("\(place) does not make the conversation") }
        if entry.sequence > 1, entry.kind == .created { self.report.note("\(place) makes the conversation again") }
        log.sequence = entry.sequence
        log.messages = entry.messageOrdinal
        log.own[entry.sender] = entry.senderOrdinal
        log.id = entry.id
        log.time = entry.time
        if entry.kind == .message { log.newestMessage = entry.sequence }
        if entry.kind.changesRights { log.control = entry.sequence }
    }

    private mutating func compare(_ head: ConversationHead, newestMessage: Int64, with log: Log) {
        let pairs: [(String, Int64, Int64)] = [
            ("sequence", head.sequence, log.sequence), ("messages", head.messages, log.messages),
            ("control sequence", head.controlSequence, log.control), ("newest message", newestMessage, log.newestMessage),
            ("time", head.time, log.time), ("stamp", head.stamp, log.id),
        ]
        for (name, stored, found) in pairs where stored != found {
            self.report.note("the head of conversation \(head.conversation) has \(name) \(stored), its entries say \(found)")
        }
    }
}

extension StoreFailure {
    var isCorrupt: Bool {
        if case .corrupt = self { true } else { false }
    }
}
