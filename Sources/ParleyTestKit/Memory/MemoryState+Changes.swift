import ParleyDomain

/// Changes of groups: who is in them, in what role, by what links, under what rules.
extension MemoryState {
    mutating func change(_ draft: Draft, _ change: Change, _ conversation: MemoryConversation) throws(Refused) -> AppendOutcome {
        switch change {
        case .add, .invite, .join, .request: return try self.letIn(draft, change, conversation)
        case .end, .ban, .unban, .decline: return try self.turnAway(draft, change, conversation)
        case .setRole(let user, let role):
            try Self.needActive(user, conversation)
            let entry = self.store(draft, change)
            self.change(user, in: draft.conversation, by: entry) { $0.row.role = role }
            return .appended(entry)
        case .transfer(let user):
            try Self.needActive(user, conversation)
            guard user != draft.sender else { throw Refused(.invalid("hands the group over to himself")) }
            try Self.needActive(draft.sender, conversation)
            let entry = self.store(draft, change)
            self.change(user, in: draft.conversation, by: entry) { ($0.row.role, $0.row.mutedUntil) = (.owner, 0) }
            self.change(draft.sender, in: draft.conversation, by: entry) { $0.row.role = .administrator }
            return .appended(entry)
        case .mute(let user, let until):
            try Self.needActive(user, conversation)
            let entry = self.store(draft, change)
            self.change(user, in: draft.conversation, by: entry) { $0.row.mutedUntil = until }
            return .appended(entry)
        case .settings(let settings):
            if let cap = settings.memberCap, cap < max(1, conversation.head.memberCount) || Int(cap) > Limits.membersPerGroupMax {
                throw Refused(.invalid("the cap"))
            }
            let rules = settings.rules.applied(to: conversation.head.rules)
            guard (0...Limits.slowMilliseconds).contains(rules.slowMilliseconds),
                (0...Limits.recallMilliseconds).contains(rules.recallMilliseconds)
            else { throw Refused(.invalid("a rule")) }
            let entry = self.store(draft, change)
            self.conversations[draft.conversation]?.head.apply(settings)
            return .appended(entry)
        case .dissolve:
            let entry = self.store(draft, change)
            self.conversations[draft.conversation]?.head.dissolved = true
            return .appended(entry)
        case .makeLink, .revokeLink: return try self.changeLink(draft, change, conversation)
        case .create: throw Refused(.conflict)
        case .edit, .recall, .react, .pin: throw Refused(.invalid("no change of a group"))
        }
    }

    private mutating func store(_ draft: Draft, _ change: Change, slots: [Int32] = []) -> Entry {
        self.store(draft, ControlContent.bytes(for: change, slots: slots))
    }

    private static func needActive(_ user: UserID, _ conversation: MemoryConversation) throws(Refused) {
        guard conversation.active(user) != nil else { throw Refused(.notMember(user)) }
    }

    private static func needRoom(for count: Int, _ conversation: MemoryConversation) throws(Refused) {
        guard Int(conversation.head.memberCount) + count <= Int(conversation.head.memberCap) else { throw Refused(.groupFull) }
    }

    /// The slots that these users get, without giving them.
    private static func slots(of users: [UserID], _ conversation: MemoryConversation) -> [Int32] {
        var last = conversation.head.lastSlot
        return users.map { user in
            if let known = conversation.members[user]?.row.slot, known > 0 { return known }
            last += 1
            return last
        }
    }

    // MARK: In

    private mutating func letIn(_ draft: Draft, _ change: Change, _ conversation: MemoryConversation) throws(Refused)
        -> AppendOutcome
    {
        switch change {
        case .add(let users):
            var joining: [UserID] = []
            let approves = (conversation.members[draft.sender]?.row.role ?? .member) >= .administrator
            for user in Self.once(users) {
                guard self.users[user] != nil else { throw Refused(.unknownUser(user)) }
                let state = conversation.members[user]?.row.state
                if state == .banned { throw Refused(.banned(user)) }
                if state == .requested, !approves { throw Refused(.requested(user)) }
                if state != .active, !self.has(user, blocked: draft.sender) { joining.append(user) }
            }
            guard !joining.isEmpty else { throw Refused(.nobody) }
            try Self.needRoom(for: joining.count, conversation)
            let entry = self.store(draft, .add(joining), slots: Self.slots(of: joining, conversation))
            return .appended(entry, joined: joining.map { self.join($0, .member, at: entry) })
        case .invite(let users):
            var invited: [UserID] = []
            for user in Self.once(users) {
                guard self.users[user] != nil else { throw Refused(.unknownUser(user)) }
                let state = conversation.members[user]?.row.state
                let mayBe = state != .active && state != .banned && state != .requested
                if mayBe, !self.has(user, blocked: draft.sender) { invited.append(user) }
            }
            guard !invited.isEmpty else { throw Refused(.nobody) }
            let entry = self.store(draft, .invite(invited))
            for user in invited { self.change(user, in: draft.conversation, by: entry) { $0.row.state = .invited } }
            return .appended(entry)
        case .join(let link):
            let state = conversation.members[draft.sender]?.row.state ?? .left
            if state == .banned { throw Refused(.banned(draft.sender)) }
            if state == .active || (link == nil && state != .invited) { throw Refused(.notMember(draft.sender)) }
            try Self.needUsable(link, conversation, at: draft.time)
            try Self.needRoom(for: 1, conversation)
            let slot = Self.slots(of: [draft.sender], conversation)[0]
            let entry = self.store(draft, ControlContent.joined(draft.sender, slot: slot))
            self.use(link, in: draft.conversation)
            return .appended(entry, joined: [self.join(draft.sender, .member, at: entry)])
        case .request(let link):
            let state = conversation.members[draft.sender]?.row.state ?? .left
            if state == .banned { throw Refused(.banned(draft.sender)) }
            guard state == .left else { throw Refused(.notMember(draft.sender)) }
            try Self.needUsable(link, conversation, at: draft.time)
            let entry = self.store(draft, ControlContent.requested(draft.sender))
            self.change(draft.sender, in: draft.conversation, by: entry) { $0.row.state = .requested }
            return .appended(entry)
        default: throw Refused(.invalid("lets nobody in"))
        }
    }

    // MARK: Out

    private mutating func turnAway(_ draft: Draft, _ change: Change, _ conversation: MemoryConversation) throws(Refused)
        -> AppendOutcome
    {
        switch change {
        case .end(let user):
            try Self.needActive(user, conversation)
            let entry = self.store(draft, change)
            self.end(user, as: .left, by: entry)
            return .appended(entry)
        case .ban(let user):
            guard self.users[user] != nil else { throw Refused(.unknownUser(user)) }
            let member = conversation.members[user]
            guard member?.row.state != .banned else { throw Refused(.notMember(user)) }
            let entry = self.store(draft, change, slots: conversation.active(user).map { [$0.row.slot] } ?? [])
            self.end(user, as: .banned, by: entry)
            return .appended(entry)
        case .unban(let user):
            guard conversation.members[user]?.row.state == .banned else { throw Refused(.notMember(user)) }
            let entry = self.store(draft, change)
            self.end(user, as: .left, by: entry)
            return .appended(entry)
        case .decline(let user):
            let state = conversation.members[user]?.row.state
            guard state == .invited || state == .requested else { throw Refused(.notMember(user)) }
            let entry = self.store(draft, change)
            self.end(user, as: .left, by: entry)
            return .appended(entry)
        default: throw Refused(.invalid("turns nobody away"))
        }
    }

    /// Ends what there is: a membership with its interval, or less.
    private mutating func end(_ user: UserID, as state: MemberState, by entry: Entry) {
        let wasActive = self.conversations[entry.conversation]?.active(user) != nil
        self.change(user, in: entry.conversation, by: entry) { member in
            member.row.state = state
            if wasActive, let last = member.intervals.indices.last { member.intervals[last].to = entry.sequence }
        }
        if wasActive { self.conversations[entry.conversation]?.head.memberCount -= 1 }
    }

    // MARK: Links

    private static func needUsable(_ link: String?, _ conversation: MemoryConversation, at now: Int64) throws(Refused) {
        guard let link else { return }
        guard conversation.links.contains(where: { $0.link.id == link && conversation.isUsable($0, at: now) }) else {
            throw Refused(.badLink)
        }
    }

    private mutating func use(_ link: String?, in id: ConversationID) {
        guard let place = self.conversations[id]?.links.firstIndex(where: { $0.link.id == link }) else { return }
        self.conversations[id]?.links[place].used += 1
    }

    private mutating func changeLink(_ draft: Draft, _ change: Change, _ conversation: MemoryConversation) throws(Refused)
        -> AppendOutcome
    {
        let usable = conversation.links.filter { conversation.isUsable($0, at: draft.time) }
        switch change {
        case .makeLink(let link):
            if self.all.contains(where: { $0.links.contains { $0.link.id == link.id } }) {
                throw Refused(.invalid("there is a link of this name"))
            }
            guard usable.count < Limits.linksPerConversation else {
                throw Refused(.tooMany("at most \(Limits.linksPerConversation) links"))
            }
            let entry = self.store(draft, change)
            self.conversations[draft.conversation]?.links.append(MemoryLink(link: link, user: draft.sender))
            return .appended(entry)
        case .revokeLink(let name):
            let role = conversation.active(draft.sender)?.row.role ?? .member
            guard let link = usable.first(where: { $0.link.id == name }), link.user == draft.sender || role >= .administrator
            else {
                throw Refused(.badLink)
            }
            let entry = self.store(draft, change)
            if let place = conversation.links.firstIndex(where: { $0.link.id == name }) {
                self.conversations[draft.conversation]?.links[place].revoked = true
            }
            return .appended(entry)
        default: throw Refused(.invalid("no change of a link"))
        }
    }
}
