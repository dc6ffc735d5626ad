import ParleyDomain

/// One user's place in one conversation, with what no port shows.
struct MemoryMember: Sendable {
    var row: Membership
    var intervals: [Interval]
    var stamp: Int64

    func sees(_ sequence: Int64) -> Bool {
        sequence >= self.row.visibleFrom || self.intervals.contains { $0.to != nil && $0.contains(sequence) }
    }

    /// A former member's positions end where his membership ended.
    var lastSequence: Int64 { self.row.active ? .max : self.intervals.last?.to ?? 0 }
}

struct MemoryConversation: Sendable {
    var head: ConversationHead
    var entries: [Entry] = []
    var members: [UserID: MemoryMember] = [:]
    /// By sequence: the change that was asked for.
    var requests: [Int64: Change] = [:]

    func ownMessages(of user: UserID, upTo sequence: Int64) -> Int64 {
        Int64(self.entries.count { $0.sender == user && $0.kind == .message && $0.sequence <= sequence })
    }

    func summary(for user: UserID, withEnded: Bool) -> ConversationSummary? {
        guard let member = self.members[user] else { return nil }
        guard member.row.active else { return withEnded ? self.endedSummary(member) : nil }
        let others = self.entries.count { $0.kind == .message && $0.sender != user && $0.sequence > member.row.read }
        let preview = self.entries.last { $0.kind == .message && member.sees($0.sequence) }
        let peer = self.head.kind == .direct ? self.members.keys.first { $0 != user } : nil
        return ConversationSummary(
            head: self.head, membership: member.row, unread: Int64(others), preview: preview, peer: peer,
            stamp: max(self.head.stamp, member.stamp))
    }

    private func endedSummary(_ member: MemoryMember) -> ConversationSummary {
        var head = self.head
        let end = member.lastSequence
        head.sequence = end
        head.messages = Int64(self.entries.count { $0.kind == .message && $0.sequence <= end })
        head.controlSequence = end
        head.memberCount = 0
        head.lastSlot = member.row.slot
        head.time = 0
        head.stamp = member.stamp
        return ConversationSummary(head: head, membership: member.row, unread: 0, preview: nil, peer: nil, stamp: member.stamp)
    }
}

/// Everything the memory store holds, as one value.
struct MemoryState: Sendable {
    var users: [UserID: String] = [:]
    var conversations: [ConversationID: MemoryConversation] = [:]
    /// Conversations as they were made.
    var order: [ConversationID] = []
    /// The newest id or stamp handed out.
    var highWater: Int64
    var nextFailure: MemoryMessageStore.Failure?
    var closed = false

    init(highWater: Int64) { self.highWater = highWater }

    mutating func append(_ draft: Draft) -> AppendOutcome {
        if let reason = Self.fault(draft) { return .refused(.invalid(reason)) }
        guard self.users[draft.sender] != nil else { return .refused(.unknownUser(draft.sender)) }
        if let outcome = self.earlier(draft) { return outcome }
        if case .create(let new, let members)? = draft.change { return self.create(draft, new, members) }
        guard let conversation = self.conversations[draft.conversation] else { return .refused(.unknownConversation) }
        guard draft.decidedAt >= conversation.head.controlSequence else { return .refused(.stale) }
        guard draft.relatesTo <= conversation.head.sequence else { return .refused(.invalid("relates to what is not there")) }
        switch draft.change {
        case nil: return .appended(self.store(draft, content: draft.content))
        case .create: return .refused(.conflict)
        case .add, .end, .setRole:
            guard conversation.head.kind == .group else { return .refused(.invalid("a direct conversation")) }
            return self.change(draft, conversation)
        }
    }

    /// What is stored under the client id; nil if nothing is. A conflict is told only on the present rules.
    private func earlier(_ draft: Draft) -> AppendOutcome? {
        guard let conversation = self.conversations[draft.conversation],
            let entry = conversation.entries.first(where: { $0.sender == draft.sender && $0.clientID == draft.clientID })
        else { return nil }
        let sameContent =
            draft.change == nil ? entry.content == draft.content : conversation.requests[entry.sequence] == draft.change
        if entry.kind == draft.kind, entry.relatesTo == draft.relatesTo, sameContent { return .duplicate(entry) }
        if case .create? = draft.change { return .refused(.conflict) }
        return .refused(draft.decidedAt < conversation.head.controlSequence ? .stale : .conflict)
    }

    private mutating func create(_ draft: Draft, _ new: NewConversation, _ members: [UserID]) -> AppendOutcome {
        guard self.conversations[draft.conversation] == nil else { return .refused(.conflict) }
        let others = Self.once(members).filter { $0 != draft.sender }
        if new.kind == .direct, others.count != 1 { return .refused(.invalid("a direct conversation has two members")) }
        guard (1...Limits.membersPerGroupMax).contains(Int(new.memberCap)) else { return .refused(.invalid("the cap")) }
        guard others.count < Int(new.memberCap) else { return .refused(.groupFull) }
        if let unknown = others.first(where: { self.users[$0] == nil }) { return .refused(.unknownUser(unknown)) }

        let head = ConversationHead(
            conversation: draft.conversation, kind: new.kind, title: new.title, memberCap: new.memberCap,
            historyVisible: new.historyVisible)
        self.conversations[draft.conversation] = MemoryConversation(head: head)
        self.order.append(draft.conversation)
        let slots = others.indices.map { Int32($0 + 2) }
        let entry = self.store(draft, content: ControlContent.bytes(for: .create(new, members: others), slots: slots))
        self.join(draft.sender, role: new.kind == .group ? .owner : .member, at: entry)
        for user in others { self.join(user, role: .member, at: entry) }
        return .appended(entry)
    }

    private mutating func change(_ draft: Draft, _ conversation: MemoryConversation) -> AppendOutcome {
        switch draft.change {
        case .add(let users):
            let named = Self.once(users)
            if let unknown = named.first(where: { self.users[$0] == nil }) { return .refused(.unknownUser(unknown)) }
            let joining = named.filter { conversation.members[$0]?.row.active != true }
            guard Int(conversation.head.memberCount) + joining.count <= Int(conversation.head.memberCap) else {
                return .refused(.groupFull)
            }
            var last = conversation.head.lastSlot
            let slots = joining.map { user -> Int32 in
                if let known = conversation.members[user] { return known.row.slot }
                last += 1
                return last
            }
            let entry = self.store(draft, content: ControlContent.bytes(for: .add(joining), slots: slots))
            for user in joining { self.join(user, role: .member, at: entry) }
            return .appended(entry)
        case .end(let user):
            guard conversation.members[user]?.row.active == true else { return .refused(.notMember(user)) }
            let entry = self.store(draft, content: ControlContent.bytes(for: .end(user), slots: []))
            self.update(draft.conversation, user) { member in
                member.row.active = false
                member.intervals[member.intervals.count - 1].to = entry.sequence
                member.stamp = entry.stamp
            }
            self.conversations[draft.conversation]?.head.memberCount -= 1
            return .appended(entry)
        case .setRole(let user, let role):
            guard conversation.members[user]?.row.active == true else { return .refused(.notMember(user)) }
            let entry = self.store(draft, content: ControlContent.bytes(for: .setRole(user, role), slots: []))
            self.update(draft.conversation, user) { member in
                member.row.role = role
                member.stamp = entry.stamp
            }
            return .appended(entry)
        case nil, .create:
            return .refused(.conflict)
        }
    }

    private mutating func store(_ draft: Draft, content: [UInt8]) -> Entry {
        self.highWater += 1
        var conversation =
            self.conversations[draft.conversation]
            ?? MemoryConversation(
                head: ConversationHead(conversation: draft.conversation, kind: .group, title: ""))
        let message: Int64 = draft.kind == .message ? 1 : 0
        let entry = Entry(
            conversation: draft.conversation, sequence: conversation.head.sequence + 1, id: self.highWater, stamp: self.highWater,
            kind: draft.kind, sender: draft.sender, clientID: draft.clientID, time: draft.time,
            messageOrdinal: conversation.head.messages + message,
            senderOrdinal: conversation.ownMessages(of: draft.sender, upTo: .max) + message, relatesTo: draft.relatesTo,
            content: content)
        conversation.entries.append(entry)
        conversation.requests[entry.sequence] = draft.change
        conversation.head.sequence = entry.sequence
        conversation.head.messages = entry.messageOrdinal
        conversation.head.time = entry.time
        conversation.head.stamp = entry.stamp
        if draft.kind != .message { conversation.head.controlSequence = entry.sequence }
        self.conversations[draft.conversation] = conversation
        return entry
    }

    private mutating func join(_ user: UserID, role: Role, at entry: Entry) {
        guard var conversation = self.conversations[entry.conversation] else { return }
        let first = entry.kind == .created || conversation.head.historyVisible
        let visibleFrom = first ? 1 : entry.sequence
        var member: MemoryMember
        if let known = conversation.members[user] {
            member = known
        } else {
            conversation.head.lastSlot += 1
            let row = Membership(conversation: entry.conversation, user: user, slot: conversation.head.lastSlot, role: role)
            member = MemoryMember(row: row, intervals: [], stamp: 0)
        }
        member.row.active = true
        member.row.role = role
        member.row.visibleFrom = visibleFrom
        member.row.read = max(member.row.read, visibleFrom - 1)
        member.intervals.append(Interval(from: entry.sequence))
        member.stamp = entry.stamp
        conversation.members[user] = member
        conversation.head.memberCount += 1
        self.conversations[entry.conversation] = conversation
    }

    mutating func advance(_ position: PositionUpdate) {
        guard let conversation = self.conversations[position.conversation], let known = conversation.members[position.user] else {
            return
        }
        let head = conversation.head.sequence
        var member = known
        if position.read <= head { member.row.read = max(member.row.read, min(position.read, member.lastSequence)) }
        if position.delivered <= head {
            member.row.delivered = max(member.row.delivered, min(position.delivered, member.lastSequence))
        }
        guard member.row != known.row else { return }
        self.highWater += 1
        member.stamp = self.highWater
        self.update(position.conversation, position.user) { $0 = member }
    }

    private mutating func update(_ conversation: ConversationID, _ user: UserID, _ body: (inout MemoryMember) -> Void) {
        guard var member = self.conversations[conversation]?.members[user] else { return }
        body(&member)
        self.conversations[conversation]?.members[user] = member
    }

    // MARK: Checks

    private static func fault(_ draft: Draft) -> String? {
        if draft.time < 0 { return "time" }
        if draft.relatesTo < 0 { return "relation" }
        switch (draft.change, draft.kind) {
        case (nil, .message): return draft.content.count > Limits.contentBytes ? "content too long" : nil
        case (.create?, .created), (.add?, .added), (.end?, .left), (.end?, .removed), (.setRole?, .role):
            return draft.relatesTo == 0 ? nil : "relation"
        default: return "kind and change differ"
        }
    }

    private static func once(_ users: [UserID]) -> [UserID] {
        var seen: Set<UserID> = []
        return users.filter { seen.insert($0).inserted }
    }
}
