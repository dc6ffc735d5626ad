import CSQLite
import ParleyDomain

/// Drafts that make, and change, conversations. Each is decided in full before its first write, so a refused one leaves no trace and
/// needs no savepoint.
extension SQLiteMessageStore {
    func append(_ draft: Draft, making change: Change, sender: Int64) throws(SQLiteError) -> AppendOutcome {
        if case .create(let new, let members) = change {
            return try self.create(draft, new: new, members: members, sender: sender)
        }
        guard let conversation = try self.writer.conversation(draft.conversation) else { return .refused(.unknownConversation) }
        if let earlier = try self.earlier(draft, sender: sender, conversation) {
            // A repeat is answered as such, whatever has changed since; a conflict only by who knows the present rules.
            if case .duplicate = earlier { return earlier }
            return draft.decidedAt < conversation.head.controlSequence ? .refused(.stale) : earlier
        }
        guard draft.decidedAt >= conversation.head.controlSequence else { return .refused(.stale) }
        if draft.kind.hasTarget { return try self.relate(draft, change, sender: sender, in: conversation) }
        guard conversation.head.kind == .group else {
            return .refused(.invalid("the members of a direct conversation never change"))
        }
        switch change {
        case .create: return .refused(.conflict)
        case .add(let users): return try self.add(users, by: draft, sender: sender, to: conversation)
        case .join(let link): return try self.join(link, by: draft, sender: sender, conversation)
        case .request(let link): return try self.request(link, by: draft, sender: sender, conversation)
        case .end(let user): return try self.end(user, .left, by: draft, sender: sender, in: conversation)
        case .ban(let user): return try self.ban(user, by: draft, sender: sender, in: conversation)
        case .unban(let user): return try self.outside(user, [.banned], by: draft, sender: sender, in: conversation)
        case .decline(let user):
            return try self.outside(user, [.invited, .requested], by: draft, sender: sender, in: conversation)
        case .invite(let users): return try self.invite(users, by: draft, sender: sender, to: conversation)
        case .setRole, .transfer, .mute: return try self.change(aMember: change, by: draft, sender: sender, in: conversation)
        case .settings, .dissolve: return try self.change(settings: change, by: draft, sender: sender, in: conversation)
        case .makeLink(let link): return try self.makeLink(link, by: draft, sender: sender, in: conversation)
        case .revokeLink(let link): return try self.revokeLink(link, by: draft, sender: sender, in: conversation)
        case .edit, .recall, .react, .pin: return .refused(.invalid("a change of a message without its kind"))
        }
    }

    // MARK: Coming in

    private func create(_ draft: Draft, new: NewConversation, members: [UserID], sender: Int64) throws(SQLiteError)
        -> AppendOutcome
    {
        if let conversation = try self.writer.conversation(draft.conversation) {
            return try self.earlier(draft, sender: sender, conversation) ?? .refused(.conflict)
        }
        let named = members.once(without: draft.sender)
        if new.kind == .direct, named.count != 1 { return .refused(.invalid("a direct conversation has two members")) }
        guard (1...Limits.membersPerGroupMax).contains(Int(new.memberCap)) else {
            return .refused(.invalid("a cap of \(new.memberCap) members"))
        }
        var joining: [Joining] = []
        for user in named {
            guard let key = try self.writer.userKey(user) else { return .refused(.unknownUser(user)) }
            // Who has blocked the creator is left out of a group without a word. No direct conversation is made.
            let isBlocked = try self.writer.hasBlocked(key, sender)
            if new.kind == .direct {
                let blocks = try self.writer.hasBlocked(sender, key)
                guard !isBlocked, !blocks else { return .refused(.blocked) }
            }
            if isBlocked { continue }
            joining.append(Joining(user: user, key: key, slot: Int32(clamping: joining.count + 2)))
        }
        guard joining.count < Int(new.memberCap) else { return .refused(.groupFull) }

        let count = Int32(clamping: joining.count + 1)
        let head = ConversationHead(
            conversation: draft.conversation, kind: new.kind, title: new.title, memberCount: count, memberCap: new.memberCap,
            lastSlot: count, historyVisible: new.historyVisible, description: new.description, avatar: new.avatar,
            rules: new.rules)
        let conversation = LiveConversation(key: try self.insertConversation(head), head: head)
        conversation.settingsDirty = true
        self.writer.cache.conversations[draft.conversation] = conversation
        let entry = try self.store(
            draft, sender: sender, in: conversation,
            content: ControlContent.bytes(for: .create(new, members: joining.map(\.user)), slots: joining.map(\.slot)))
        let first = Joining(user: draft.sender, key: sender, slot: 1)
        let creator = try self.join(
            [first], role: new.kind == .group ? .owner : .member, visibleFrom: 1, at: entry, in: conversation)
        return .appended(
            entry, joined: creator + (try self.join(joining, role: .member, visibleFrom: 1, at: entry, in: conversation)))
    }

    private func add(_ users: [UserID], by draft: Draft, sender: Int64, to conversation: LiveConversation) throws(SQLiteError)
        -> AppendOutcome
    {
        var joining: [Joining] = []
        var lastSlot = conversation.head.lastSlot
        let approves = try (self.writer.member(sender, in: conversation)?.membership.role ?? .member) >= .administrator
        for user in users.once() {
            guard let key = try self.writer.userKey(user) else { return .refused(.unknownUser(user)) }
            let known = try self.writer.member(key, in: conversation)?.membership
            if known?.active == true { continue }
            if known?.state == .banned { return .refused(.banned(user)) }
            if known?.state == .requested, !approves { return .refused(.requested(user)) }
            // Left out like a member, so that nobody learns who has blocked him.
            if try self.writer.hasBlocked(key, sender) { continue }
            var slot = known?.slot ?? 0
            if slot == 0 {
                lastSlot += 1
                slot = lastSlot
            }
            joining.append(Joining(user: user, key: key, slot: slot))
        }
        guard !joining.isEmpty else { return .refused(.nobody) }
        guard Int(conversation.head.memberCount) + joining.count <= Int(conversation.head.memberCap) else {
            return .refused(.groupFull)
        }
        let content = ControlContent.bytes(for: .add(joining.map(\.user)), slots: joining.map(\.slot))
        return try self.admit(joining, by: draft, sender: sender, content: content, to: conversation)
    }

    /// The sender comes in: by a link, or because he was invited.
    private func join(_ link: String?, by draft: Draft, sender: Int64, _ conversation: LiveConversation) throws(SQLiteError)
        -> AppendOutcome
    {
        let known = try self.writer.member(sender, in: conversation)?.membership
        if known?.state == .banned { return .refused(.banned(draft.sender)) }
        if known?.active == true { return .refused(.notMember(draft.sender)) }
        if let link {
            guard try self.isUsable(link, at: draft.time, in: conversation) else { return .refused(.badLink) }
        } else if known?.state != .invited {
            return .refused(.notMember(draft.sender))
        }
        guard conversation.head.memberCount < conversation.head.memberCap else { return .refused(.groupFull) }
        let slot = known.map(\.slot).flatMap { $0 > 0 ? $0 : nil } ?? conversation.head.lastSlot + 1
        let content = ControlContent.joined(draft.sender, slot: slot)
        if let link { try self.use(link) }
        let joining = Joining(user: draft.sender, key: sender, slot: slot)
        return try self.admit([joining], by: draft, sender: sender, content: content, to: conversation)
    }

    private func admit(
        _ joining: [Joining], by draft: Draft, sender: Int64, content: [UInt8], to conversation: LiveConversation
    ) throws(SQLiteError) -> AppendOutcome {
        let entry = try self.store(draft, sender: sender, in: conversation, content: content)
        let visibleFrom = conversation.head.historyVisible ? 1 : entry.sequence
        let joined = try self.join(joining, role: .member, visibleFrom: visibleFrom, at: entry, in: conversation)
        conversation.head.memberCount += Int32(clamping: joining.count)
        conversation.head.lastSlot = max(conversation.head.lastSlot, joining.map(\.slot).max() ?? 0)
        return .appended(entry, joined: joined)
    }

    /// The sender asks to come in. That spends no use of the link: it may come to nothing, and administrators decide about each.
    private func request(_ link: String, by draft: Draft, sender: Int64, _ conversation: LiveConversation) throws(SQLiteError)
        -> AppendOutcome
    {
        let known = try self.writer.member(sender, in: conversation)?.membership
        if known?.state == .banned { return .refused(.banned(draft.sender)) }
        guard known?.state ?? .left == .left else { return .refused(.notMember(draft.sender)) }
        guard try self.isUsable(link, at: draft.time, in: conversation) else { return .refused(.badLink) }
        let entry = try self.store(
            draft, sender: sender, in: conversation, content: ControlContent.requested(draft.sender))
        try self.setState(.requested, of: [sender], at: entry, in: conversation)
        return .appended(entry)
    }

    private func invite(_ users: [UserID], by draft: Draft, sender: Int64, to conversation: LiveConversation) throws(SQLiteError)
        -> AppendOutcome
    {
        var invited: [(user: UserID, key: Int64)] = []
        for user in users.once() {
            guard let key = try self.writer.userKey(user) else { return .refused(.unknownUser(user)) }
            let state = try self.writer.member(key, in: conversation)?.membership.state
            // Who has asked is for administrators to let in: an invitation is no way round them.
            if state == .active || state == .banned || state == .requested { continue }
            if try self.writer.hasBlocked(key, sender) { continue }
            invited.append((user, key))
        }
        guard !invited.isEmpty else { return .refused(.nobody) }
        let entry = try self.store(
            draft, sender: sender, in: conversation,
            content: ControlContent.bytes(for: .invite(invited.map(\.user)), slots: []))
        try self.setState(.invited, of: invited.map(\.key), at: entry, in: conversation)
        return .appended(entry)
    }

    // MARK: Going

    private func end(
        _ user: UserID, _ state: MemberState, by draft: Draft, sender: Int64, in conversation: LiveConversation
    ) throws(SQLiteError) -> AppendOutcome {
        guard let key = try self.writer.userKey(user), let member = try self.writer.member(key, in: conversation)?.membership,
            member.active, let change = draft.change
        else { return .refused(.notMember(user)) }
        let entry = try self.store(
            draft, sender: sender, in: conversation, content: ControlContent.bytes(for: change, slots: [member.slot]))
        try self.update(
            "UPDATE members SET state = ?3, ended_at = ?4, stamp = ?5, changed = ?5 WHERE conversation = ?1 AND user = ?2"
        ) { update in
            update.bind(1, conversation.key)
            update.bind(2, key)
            update.bind(3, Int64(state.rawValue))
            update.bind(4, entry.sequence)
            update.bind(5, entry.stamp)
        }
        try self.update("UPDATE intervals SET to_sequence = ?3 WHERE conversation = ?1 AND user = ?2 AND to_sequence = 0") {
            update in
            update.bind(1, conversation.key)
            update.bind(2, key)
            update.bind(3, entry.sequence)
        }
        conversation.head.memberCount -= 1
        return .appended(entry)
    }

    private func ban(_ user: UserID, by draft: Draft, sender: Int64, in conversation: LiveConversation) throws(SQLiteError)
        -> AppendOutcome
    {
        guard let key = try self.writer.userKey(user) else { return .refused(.unknownUser(user)) }
        let state = try self.writer.member(key, in: conversation)?.membership.state
        if state == .active { return try self.end(user, .banned, by: draft, sender: sender, in: conversation) }
        if state == .banned { return .refused(.notMember(user)) }
        let entry = try self.store(
            draft, sender: sender, in: conversation, content: ControlContent.bytes(for: .ban(user), slots: []))
        try self.setState(.banned, of: [key], at: entry, in: conversation)
        return .appended(entry)
    }

    /// Ends a state of a user who is no member.
    private func outside(
        _ user: UserID, _ states: [MemberState], by draft: Draft, sender: Int64, in conversation: LiveConversation
    ) throws(SQLiteError) -> AppendOutcome {
        guard let key = try self.writer.userKey(user), let change = draft.change,
            let state = try self.writer.member(key, in: conversation)?.membership.state, states.contains(state)
        else { return .refused(.notMember(user)) }
        let entry = try self.store(
            draft, sender: sender, in: conversation, content: ControlContent.bytes(for: change, slots: []))
        try self.setState(.left, of: [key], at: entry, in: conversation)
        return .appended(entry)
    }

}
