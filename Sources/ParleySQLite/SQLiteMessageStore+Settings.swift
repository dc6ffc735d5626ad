import ParleyDomain

/// Changes of roles, of settings and of links.
extension SQLiteMessageStore {
    /// A role, a transfer or a mute.
    func change(aMember change: Change, by draft: Draft, sender: Int64, in conversation: LiveConversation) throws(SQLiteError)
        -> AppendOutcome
    {
        let user: UserID
        let column: StaticString
        let value: Int64
        switch change {
        case .setRole(let other, let role): (user, column, value) = (other, "role", Int64(role.rawValue))
        case .transfer(let other): (user, column, value) = (other, "role", Int64(Role.owner.rawValue))
        case .mute(let other, let until): (user, column, value) = (other, "muted_until", until)
        default: return .refused(.invalid("a change of no member"))
        }
        guard value >= 0 else { return .refused(.invalid("\(column) \(value)")) }
        guard let key = try self.activeMember(user, in: conversation) else { return .refused(.notMember(user)) }
        if case .transfer = change {
            guard key != sender else { return .refused(.invalid("a group handed over to its owner")) }
            guard try self.activeMember(draft.sender, in: conversation) != nil else {
                return .refused(.notMember(draft.sender))
            }
        }
        let entry = try self.store(
            draft, sender: sender, in: conversation, content: ControlContent.bytes(for: change, slots: []))
        try self.set(column, value, of: key, at: entry, in: conversation)
        if case .transfer = change {
            try self.set("muted_until", 0, of: key, at: entry, in: conversation)
            try self.set("role", Int64(Role.administrator.rawValue), of: sender, at: entry, in: conversation)
        }
        return .appended(entry)
    }

    private func activeMember(_ user: UserID, in conversation: LiveConversation) throws(SQLiteError) -> Int64? {
        guard let key = try self.writer.userKey(user), try self.writer.member(key, in: conversation)?.membership.active == true
        else { return nil }
        return key
    }

    private func set(_ column: StaticString, _ value: Int64, of user: Int64, at entry: Entry, in conversation: LiveConversation)
        throws(SQLiteError)
    {
        let changed = try self.writer.rowStamp()
        try self.update("UPDATE members SET \(column) = ?3, stamp = ?4, changed = ?5 WHERE conversation = ?1 AND user = ?2") {
            update in
            update.bind(1, conversation.key)
            update.bind(2, user)
            update.bind(3, value)
            update.bind(4, entry.stamp)
            update.bind(5, changed)
        }
    }

    func change(settings change: Change, by draft: Draft, sender: Int64, in conversation: LiveConversation) throws(SQLiteError)
        -> AppendOutcome
    {
        if case .settings(let settings) = change {
            let cap = settings.memberCap ?? conversation.head.memberCap
            guard (1...Int32(Limits.membersPerGroupMax)).contains(cap) else {
                return .refused(.invalid("a cap of \(cap) members"))
            }
            guard cap >= conversation.head.memberCount else {
                return .refused(.invalid("a cap of \(cap) for \(conversation.head.memberCount) members"))
            }
            let rules = settings.rules.applied(to: conversation.head.rules)
            guard (0...Limits.slowMilliseconds).contains(rules.slowMilliseconds),
                (0...Limits.recallMilliseconds).contains(rules.recallMilliseconds)
            else { return .refused(.invalid("a rule is out of range")) }
        }
        let entry = try self.store(
            draft, sender: sender, in: conversation, content: ControlContent.bytes(for: change, slots: []))
        if case .settings(let settings) = change { conversation.head.apply(settings) } else { conversation.head.dissolved = true }
        conversation.settingsDirty = true
        return .appended(entry)
    }

    // MARK: Links

    func makeLink(_ link: NewLink, by draft: Draft, sender: Int64, in conversation: LiveConversation) throws(SQLiteError)
        -> AppendOutcome
    {
        guard link.expires >= 0, link.uses >= 0, isIdentifier(link.id) else {
            return .refused(.invalid("a link of a wrong name, end or number of uses"))
        }
        let taken = try self.writer.statement("SELECT 1 FROM links WHERE id = ?1")
        taken.bind(1, link.id)
        guard try taken.one() == nil else { return .refused(.invalid("there is a link of this name")) }
        let open = try self.writer.statement(
            "SELECT count(*) FROM links l WHERE l.conversation = ?1 AND l.closed = 0 AND \(Link.usable)")
        open.bind(1, conversation.key)
        open.bind(2, draft.time)
        open.bind(3, Int64(conversation.head.rules.invite.leastRole.rawValue))
        guard try open.one() ?? 0 < Int64(Limits.linksPerConversation) else {
            return .refused(.tooMany("at most \(Limits.linksPerConversation) links that can be used in a conversation"))
        }
        let entry = try self.store(
            draft, sender: sender, in: conversation, content: ControlContent.bytes(for: .makeLink(link), slots: []))
        // What is over leaves the index, so that those that can be used are found among few.
        try self.update("UPDATE links AS l SET closed = 1 WHERE l.conversation = ?1 AND l.closed = 0 AND NOT (\(Link.lasts))") {
            update in
            update.bind(1, conversation.key)
            update.bind(2, draft.time)
        }
        try self.update(
            "INSERT INTO links (id, conversation, user, sequence, expires, uses) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
        ) { insert in
            insert.bind(1, link.id)
            insert.bind(2, conversation.key)
            insert.bind(3, sender)
            insert.bind(4, entry.sequence)
            insert.bind(5, link.expires)
            insert.bind(6, link.uses)
        }
        return .appended(entry)
    }

    /// Only who made it, and administrators, revoke a link; for others it is none.
    func revokeLink(_ link: String, by draft: Draft, sender: Int64, in conversation: LiveConversation) throws(SQLiteError)
        -> AppendOutcome
    {
        let query = try self.writer.statement("SELECT user FROM links WHERE id = ?1 AND conversation = ?2 AND closed = 0")
        query.bind(1, link)
        query.bind(2, conversation.key)
        guard let maker = try query.one(), try self.isUsable(link, at: draft.time, in: conversation),
            let member = try self.writer.member(sender, in: conversation)?.membership,
            member.active, maker == sender || member.role >= .administrator
        else { return .refused(.badLink) }
        let entry = try self.store(
            draft, sender: sender, in: conversation, content: ControlContent.bytes(for: .revokeLink(link), slots: []))
        try self.update("UPDATE links SET closed = 1 WHERE id = ?1") { $0.bind(1, link) }
        return .appended(entry)
    }

    func isUsable(_ link: String, at time: Int64, in conversation: LiveConversation) throws(SQLiteError) -> Bool {
        let query = try self.writer.statement(
            "SELECT 1 FROM links l WHERE l.id = ?4 AND l.conversation = ?1 AND l.closed = 0 AND \(Link.usable)")
        query.bind(1, conversation.key)
        query.bind(2, time)
        query.bind(3, Int64(conversation.head.rules.invite.leastRole.rawValue))
        query.bind(4, link)
        return try query.one() != nil
    }

    func use(_ link: String) throws(SQLiteError) {
        try self.update("UPDATE links SET used = used + 1 WHERE id = ?1") { $0.bind(1, link) }
    }
}

enum Link {
    /// Of `links l`: neither expired, at the time ?2, nor used up.
    static let lasts = "(l.expires = 0 OR l.expires > ?2) AND (l.uses = 0 OR l.used < l.uses)"
    /// And who made it is a member, of the least role, ?3, that may make one: it ends with the right.
    static let usable = """
        \(lasts) AND EXISTS (SELECT 1 FROM members m WHERE m.conversation = l.conversation AND m.user = l.user
            AND m.state = \(MemberState.active.rawValue) AND m.role >= ?3)
        """
}
