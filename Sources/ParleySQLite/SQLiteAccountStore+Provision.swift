package import ParleyDomain

extension SQLiteAccountStore {
    /// Rows of users and members in one transaction. Messages wait for it, a second at most.
    private static let rowsPerStep = 20_000

    /// Makes what the plan lists: all of it or nothing where it has at most 20,000 users and members together, else in steps of as many.
    /// What ends early leaves whole steps; the same plan again goes on from there.
    package func provision(_ plan: ProvisionPlan, at now: Int64) throws(AccountFailure) {
        let store: SQLiteMessageStore
        do {
            store = try SQLiteMessageStore(self.database)
        } catch {
            throw .store(error)
        }
        var users = plan.users[...]
        var parts = plan.groups.flatMap { GroupPart.parts(of: $0) }[...]
        repeat {
            let step = users.prefix(Self.rowsPerStep)
            users = users.dropFirst(step.count)
            var rows = step.count
            var groups = parts.prefix(0)
            while users.isEmpty, let next = parts.first, rows + next.members.count <= Self.rowsPerStep {
                rows += next.members.count
                groups.append(next)
                parts.removeFirst()
            }
            try self.provision(step, groups, store, at: now)
        } while !users.isEmpty || !parts.isEmpty
    }

    private func provision(
        _ users: ArraySlice<ProvisionPlan.User>, _ groups: ArraySlice<GroupPart>, _ store: SQLiteMessageStore, at now: Int64
    ) throws(AccountFailure) {
        try self.write { () throws(SQLiteError) in
            self.writer.cache.trim()
            for user in users {
                if let refusal = try self.provision(user) { return .rollback(refusal) }
            }
            for group in groups {
                guard let draft = try self.draft(for: group, at: now) else { continue }
                if case .refused(let reason)? = try store.appendInTransaction([draft]).first {
                    return .rollback(.store(.unavailable("Group \(group.conversation) of the plan was refused: \(reason).")))
                }
            }
            try self.writer.storeHeads()
            return .commit(nil)
        }
    }

    /// Members of a group that one entry lets in.
    private struct GroupPart {
        var conversation: ConversationID
        var title: String
        var cap: Int32
        var owner: UserID
        var members: ArraySlice<UserID>

        static func parts(of group: ProvisionPlan.Group) -> [GroupPart] {
            guard let owner = group.members.first else { return [] }
            let others = group.members.once(without: owner)
            let cap = Int32(clamping: max(Limits.membersPerGroup, others.count + 1))
            return stride(from: 0, to: max(1, others.count), by: Limits.usersPerRequest).map { first in
                GroupPart(
                    conversation: group.conversation, title: group.title, cap: cap, owner: owner,
                    members: others[first..<min(others.count, first + Limits.usersPerRequest)])
            }
        }
    }

    /// Makes the account and the session unless they are there; `.taken` where another account has the name or token.
    private func provision(_ user: ProvisionPlan.User) throws(SQLiteError) -> AccountFailure? {
        if try self.writer.userKey(user.account.id) == nil, try !self.insert(user.account) { return .taken }
        guard let key = try self.writer.userKey(user.session.user) else {
            return .store(.unavailable("There is no user \(user.session.user) for session \(user.session.id) of the plan."))
        }
        if try self.insert(user.session, user: key) { return nil }
        let known = try self.writer.statement("SELECT token_hash = ?2 AND user = ?3 FROM sessions WHERE id = ?1")
        known.bind(1, user.session.id.rawValue)
        known.bind(2, user.session.tokenHash)
        known.bind(3, key)
        return try known.one() == 1 ? nil : .taken
    }

    /// The entry that makes the group, or adds those of these members who never were in it; nil if there is nothing to do.
    private func draft(for group: GroupPart, at now: Int64) throws(SQLiteError) -> Draft? {
        guard let conversation = try self.writer.conversation(group.conversation) else {
            let new = NewConversation(kind: .group, title: group.title, memberCap: group.cap)
            return Draft(
                conversation: group.conversation, sender: group.owner, clientID: ClientID(trusted: "provision"), kind: .created,
                change: .create(new, members: Array(group.members)), time: now, decidedAt: 0)
        }
        var missing: [UserID] = []
        for user in [group.owner] + group.members {
            guard let key = try self.writer.userKey(user) else {
                missing.append(user)
                continue
            }
            if try self.writer.member(key, in: conversation) == nil { missing.append(user) }
        }
        guard !missing.isEmpty else { return nil }
        // The control sequence makes the client id new for each entry that adds someone.
        let decidedAt = conversation.head.controlSequence
        return Draft(
            conversation: group.conversation, sender: group.owner, clientID: ClientID(trusted: "provision-\(decidedAt)"),
            kind: .added,
            change: .add(missing), time: now, decidedAt: decidedAt)
    }
}
