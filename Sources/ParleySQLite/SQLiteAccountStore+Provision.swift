package import ParleyDomain

extension SQLiteAccountStore {
    /// Makes what the plan lists in one transaction. Batches of messages wait meanwhile, some seconds for ten thousand users.
    package func provision(_ plan: ProvisionPlan, at now: Int64) throws(AccountFailure) {
        let store: SQLiteMessageStore
        do {
            store = try SQLiteMessageStore(self.database)
        } catch {
            throw .store(error)
        }
        try self.write { () throws(SQLiteError) in
            for user in plan.users {
                if let refusal = try self.provision(user) { return .rollback(refusal) }
            }
            for group in plan.groups {
                guard let draft = try self.draft(for: group, at: now) else { continue }
                if case .refused(let reason)? = try store.appendInTransaction([draft]).first {
                    return .rollback(.store(.unavailable("Group \(group.conversation) of the plan was refused: \(reason).")))
                }
            }
            try self.writer.storeHeads()
            return .commit(nil)
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

    /// The entry that makes the group, or adds those of its members who never were in it; nil if there is nothing to do.
    private func draft(for group: ProvisionPlan.Group, at now: Int64) throws(SQLiteError) -> Draft? {
        guard let owner = group.members.first else { return nil }
        let others = group.members.once(without: owner)
        guard let conversation = try self.writer.conversation(group.conversation) else {
            let cap = max(Limits.membersPerGroup, others.count + 1)
            let new = NewConversation(kind: .group, title: group.title, memberCap: Int32(clamping: cap))
            return Draft(
                conversation: group.conversation, sender: owner, clientID: ClientID(trusted: "provision"), kind: .created,
                change: .create(new, members: others), time: now, decidedAt: 0)
        }
        var missing: [UserID] = []
        for user in group.members.once() {
            guard let key = try self.writer.userKey(user) else {
                missing.append(user)
                continue
            }
            if try self.writer.member(key, in: conversation) == nil { missing.append(user) }
        }
        guard !missing.isEmpty else { return nil }
        // The control sequence makes the client id new for each plan that adds someone.
        let decidedAt = conversation.head.controlSequence
        return Draft(
            conversation: group.conversation, sender: owner, clientID: ClientID(trusted: "provision-\(decidedAt)"), kind: .added,
            change: .add(missing), time: now, decidedAt: decidedAt)
    }
}
