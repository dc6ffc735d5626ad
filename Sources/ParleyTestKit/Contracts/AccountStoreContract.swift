package import ParleyDomain

/// What an account contract case works on.
package struct AccountsUnderTest {
    package var accounts: any AccountStore
    /// The store of the same shard, for what a plan makes in it.
    package var messages: StoreUnderTest
    package var reopen: () throws -> AccountsUnderTest

    package init(accounts: any AccountStore, messages: StoreUnderTest, reopen: @escaping () throws -> AccountsUnderTest) {
        self.accounts = accounts
        self.messages = messages
        self.reopen = reopen
    }
}

/// The promises of `AccountStore`. Cases start from an empty store.
package enum AccountStoreContract {
    package static let cases: [ContractCase<AccountsUnderTest>] = [
        ContractCase("an account is found by id and by name in any case, also after a restart") { subject in
            let anna = account(1, name: "Ünal Ärzte", password: "hash")
            try subject.accounts.createAccount(anna)
            try subject.accounts.createAccount(account(2, name: "bot", password: nil))
            for subject in [subject, try subject.reopen()] {
                try expectEqual(try subject.accounts.account(id: user(1)), anna, "by id")
                try expectEqual(try subject.accounts.account(named: "üNAL äRZTE"), anna, "by name")
                try expectEqual(try subject.accounts.account(id: user(2))?.passwordHash, nil, "no password")
                try expectEqual(try subject.accounts.account(named: "nobody"), nil, "unknown")
            }
        },
        ContractCase("ids and folded names are unique") { subject in
            try subject.accounts.createAccount(account(1, name: "Anna"))
            for taken in [account(1, name: "other"), account(2, name: "aNNA")] {
                try expectEqual(failure(AccountFailure.self) { try subject.accounts.createAccount(taken) }, .taken, taken.name)
            }
            try expectEqual(try subject.accounts.account(id: user(2)), nil, "the refused one")
        },
        ContractCase("names are found by their beginning, in order, at most as many as asked") { subject in
            for (number, name) in ["anton", "Anna", "annabel", "berta", "an", "an_na", "a%"].enumerated() {
                try subject.accounts.createAccount(account(number + 1, name: name))
            }
            func names(_ prefix: String, _ limit: Int = 10) throws -> [String] {
                try subject.accounts.accounts(prefix: prefix, limit: limit).map(\.name)
            }
            try expectEqual(names("AN"), ["an", "an_na", "Anna", "annabel", "anton"], "an")
            try expectEqual(names("ann", 1), ["Anna"], "limit")
            try expectEqual(names("a%"), ["a%"], "no pattern")
            try expectEqual(names("").count, 7, "all")
            try expectEqual(names("zz"), [], "none")
        },
        ContractCase("a session lives until it expires or is revoked, also over a restart") { subject in
            try subject.accounts.createAccount(account(1, name: "anna"))
            let phone = session(1, user: user(1))
            try subject.accounts.createSession(phone, verified: nil)
            let again = try subject.reopen()
            try expectEqual(try again.accounts.session(tokenHash: phone.tokenHash, at: 500), phone, "by token")
            try expectEqual(try again.accounts.session(id: phone.id, at: 999), phone, "by id")
            try expectEqual(try again.accounts.session(id: phone.id, at: 1_000), nil, "expired")
            try expectEqual(try again.accounts.session(tokenHash: [1, 2], at: 500), nil, "another token")
            try again.accounts.revokeSession(phone.id, at: 0)
            try again.accounts.revokeSession(phone.id, at: 600)
            try again.accounts.revokeSession(SessionID(trusted: "none"), at: 600)
            let last = try again.reopen()
            try expectEqual(try last.accounts.session(tokenHash: phone.tokenHash, at: 500), nil, "revoked, by token")
            try expectEqual(try last.accounts.session(id: phone.id, at: 500), nil, "revoked, by id")
        },
        ContractCase("a session that has expired can be found and prolonged as of before its end, a revoked one never") {
            subject in
            try subject.accounts.createAccount(account(1, name: "anna"))
            let (phone, laptop) = (session(1, user: user(1)), session(2, user: user(1)))
            for session in [phone, laptop] { try subject.accounts.createSession(session, verified: nil) }
            try subject.accounts.revokeSession(laptop.id, at: 2_000)
            try expectEqual(try subject.accounts.session(id: phone.id, at: 0), phone, "expired at 1000")
            try expectEqual(try subject.accounts.session(id: laptop.id, at: 0), nil, "revoked")
            func prolong(_ session: Session) throws -> Bool {
                try subject.accounts.rotateSession(session.id, from: session.tokenHash, to: [9], expires: 5_000, at: 0)
            }
            try expectEqual(prolong(phone), true, "prolonged")
            try expectEqual(prolong(laptop), false, "revoked")
            try expectEqual(try subject.accounts.session(id: phone.id, at: 4_999)?.expires, 5_000, "new end")
            try expectEqual(
                failure(AccountFailure.self) { try subject.accounts.createSession(laptop, verified: nil) }, .taken,
                "the id of a revoked one")
        },
        ContractCase("session ids and tokens are unique, and a session needs its user") { subject in
            try subject.accounts.createAccount(account(1, name: "anna"))
            try subject.accounts.createSession(session(1, user: user(1)), verified: nil)
            try expectEqual(
                failure(AccountFailure.self) { try subject.accounts.createSession(session(1, user: user(1)), verified: nil) },
                .taken, "again")
            let stranger = try failure(AccountFailure.self) {
                try subject.accounts.createSession(session(2, user: user(9)), verified: nil)
            }
            guard case .store = stranger else { throw ContractViolation(description: "\(stranger)") }
        },
        ContractCase("a session is made only while the password is the one that was checked") { subject in
            try subject.accounts.createAccount(account(1, name: "anna", password: "new"))
            for old in ["old", "", nil] {
                let refused = try failure(AccountFailure.self) {
                    try subject.accounts.createSession(session(1, user: user(1)), verified: old)
                }
                try expectEqual(refused, .outdated, old ?? "none")
            }
            try expectEqual(try subject.accounts.session(id: session(1, user: user(1)).id, at: 0), nil, "the refused one")
            try subject.accounts.createSession(session(1, user: user(1)), verified: "new")
        },
        ContractCase("sessions that have expired are forgotten, a few at a time, a revoked one of an application's never") {
            subject in
            try subject.accounts.createAccount(account(1, name: "anna"))
            var all = (1...5).map { session($0, user: user(1)) }
            for (index, expires) in [100, 300, 200, 900, 100].enumerated() { all[index].expires = Int64(expires) }
            all[4].id = SessionID(trusted: "x-phone")
            for session in all { try subject.accounts.createSession(session, verified: nil) }
            for index in [2, 4] { try subject.accounts.revokeSession(all[index].id, at: 50) }
            func forget(_ time: Int64) throws -> Int { try subject.accounts.deleteSessions(expiredBefore: time, limit: 2) }
            try expectEqual(forget(100), 0, "at its end")
            try expectEqual([try forget(500), try forget(500)].reduce(0, +), 3, "two, then one")
            try expectEqual(forget(500), 0, "none is left")
            try expectEqual(try subject.accounts.session(id: all[3].id, at: 500), all[3], "a live one")
            try expectEqual(
                failure(AccountFailure.self) { try subject.accounts.createSession(all[4], verified: nil) }, .taken, "for ever")
            try subject.accounts.createSession(all[0], verified: nil)
        },
        ContractCase("a secret is made once and kept") { subject in
            let first = [UInt8](repeating: 7, count: 32)
            try expectEqual(try subject.accounts.secret(named: "key") { first }, first, "first")
            for subject in [subject, try subject.reopen()] {
                let again = try subject.accounts.secret(named: "key") { [UInt8](repeating: 8, count: 32) }
                try expectEqual(again, first, "again")
            }
            let short = try failure(AccountFailure.self) { _ = try subject.accounts.secret(named: "short") { [1] } }
            guard case .store = short else { throw ContractViolation(description: "\(short)") }
        },
        ContractCase("a plan is made at once, and again changes nothing") { subject in
            let small = plan(users: 20, groups: [1...20, 1...3])
            try subject.accounts.provision(small, at: Room.start)
            let rooms = small.groups.map { Room(subject: subject.messages, id: $0.conversation) }
            let heads = try rooms.map { try $0.head() }
            try expectEqual(heads.map(\.memberCount), [20, 3], "members")
            try expectEqual(rooms[0].membership(1).role, .owner, "role of the first")
            try expectEqual(try subject.accounts.session(id: small.users[4].session.id, at: 1), small.users[4].session, "session")
            try rooms[0].send("a")
            try subject.accounts.provision(small, at: Room.start + 1)
            try expectEqual(rooms[0].head().sequence, 2, "sequence after the second time")
            try expectEqual(rooms[1].head(), heads[1], "head after the second time")
            try expectEqual(rooms[0].visible(to: 20), [1, 2], "visible")
            let wider = plan(users: 25, groups: [1...22])
            try subject.accounts.provision(wider, at: Room.start + 2)
            try expectEqual(rooms[0].head().memberCount, 22, "members after a wider plan")
        },
        ContractCase("a plan that cannot be made makes nothing") { subject in
            try subject.accounts.createAccount(account(99, name: "name of u2"))
            let refused = try failure(AccountFailure.self) {
                try subject.accounts.provision(plan(users: 3, groups: [1...3]), at: Room.start)
            }
            try expectEqual(refused, .taken)
            try expectEqual(try subject.accounts.account(id: user(1)), nil, "the first of the plan")
            try expectEqual(try subject.messages.store.heads(of: [ConversationID(trusted: "group1")]), [], "groups")
        },
    ]

    static func account(_ number: Int, name: String, password: String? = nil) -> Account {
        Account(id: user(number), name: name, passwordHash: password, created: 5)
    }

    static func session(_ number: Int, user: UserID) -> Session {
        var hash = [UInt8](repeating: 0, count: 32)
        withUnsafeBytes(of: Int64(number)) { hash.replaceSubrange(0..<8, with: $0) }
        return Session(
            id: SessionID(trusted: "session\(number)"), user: user, device: "phone", tokenHash: hash, created: 1, expires: 1_000,
            address: "192.0.2.1", agent: "test")
    }

    /// Users u1 to uN with a session each, and groups of some of them.
    package static func plan(users: Int, groups: [ClosedRange<Int>]) -> ProvisionPlan {
        ProvisionPlan(
            users: (1...users).map { number in
                ProvisionPlan.User(
                    account: self.account(number, name: "name of u\(number)"), session: self.session(number, user: user(number)))
            },
            groups: groups.enumerated().map { index, members in
                ProvisionPlan.Group(
                    conversation: ConversationID(trusted: "group\(index + 1)"), title: "Group \(index + 1)",
                    members: members.map(user))
            })
    }
}
