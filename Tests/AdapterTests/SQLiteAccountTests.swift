import ParleyDomain
import Testing

@testable import ParleySQLite

/// What an operator does to accounts, and whom he means.
@Suite struct SQLiteAccountTests {
    private let ann = UserID(trusted: "u1")

    private func account(_ id: String, _ name: String, hash: String? = "hash") -> Account {
        Account(id: UserID(trusted: id), name: name, passwordHash: hash, created: 1)
    }

    private func session(_ id: String, expires: Int64 = 1_000) -> Session {
        Session(
            id: SessionID(trusted: id), user: self.ann, device: "", tokenHash: Array(id.utf8), created: 1, expires: expires,
            address: "", agent: "")
    }

    /// Names may be any text, also somebody's id.
    @Test func textThatMeansTwoUsersGivesBothTheOneOfTheIDFirst() throws {
        let subject = try SQLiteSubject()
        for (id, name) in [("u2", "U1"), ("u1", "Ann"), ("zoe", "zoe")] {
            try subject.accounts.createAccount(self.account(id, name))
        }
        let look = Administration(subject.database)
        func ids(_ text: String) throws -> [String] { try look.users(called: text).map(\.user.rawValue) }
        #expect(try ids("u1") == ["u1", "u2"])
        #expect(try ids("U1") == ["u2"], "an id has its case")
        #expect(try ids("ANN") == ["u1"])
        #expect(try ids("u2") == ["u2"])
        #expect(try ids("zoe") == ["zoe"], "one whose name is his id")
        #expect(try ids("nobody") == [])
    }

    @Test func disabledAccountGetsNoSessionAndKeepsNone() throws {
        let subject = try SQLiteSubject()
        try subject.accounts.createAccount(self.account("u1", "Ann"))
        let phone = self.session("s1")
        try subject.accounts.createSession(phone, verified: "hash")
        try subject.accounts.setDisabled(true, self.ann)
        #expect(throws: AccountFailure.outdated) { try subject.accounts.createSession(self.session("s2"), verified: "hash") }
        #expect(throws: AccountFailure.outdated) { try subject.accounts.createSession(self.session("s2"), verified: nil) }
        let rotated = try subject.accounts.rotateSession(phone.id, from: phone.tokenHash, to: [9], expires: 2_000, at: 500)
        #expect(!rotated)
        try subject.accounts.setDisabled(false, self.ann)
        try subject.accounts.createSession(self.session("s2"), verified: "hash")
        try subject.accounts.setPassword("other", of: self.ann)
        #expect(throws: AccountFailure.outdated) { try subject.accounts.createSession(self.session("s3"), verified: "hash") }
    }

    @Test(arguments: [
        ("SELECT 1 FROM sessions WHERE user = 1", "sessions_by_user"),
        ("SELECT key FROM sessions WHERE (revoked = 0 OR id < 'x') AND expires < 1 ORDER BY expires LIMIT 9", "sessions_by_end"),
    ])
    func sessionsAreFoundByAnIndex(_ sql: String, _ index: String) throws {
        let subject = try SQLiteSubject()
        let plan = try subject.database.readers.read { (snapshot) throws(SQLiteError) in
            let query = try snapshot.prepare("EXPLAIN QUERY PLAN " + sql)
            return try query.step() ? query.text(3) : ""
        }
        #expect(plan.contains(index), "\(plan)")
    }

    @Test func checkThatIsInterruptedEndsAndSaysNothingOfTheDatabase() throws {
        let subject = try SQLiteSubject()
        try subject.makeRoom(messages: 2_000)
        let interruption = Interruption()
        interruption.interrupt()
        #expect(throws: StoreFailure.self) { try subject.database.check(interruption) }
        #expect(try subject.database.check().isSound, "the reader can be used again")
    }
}
