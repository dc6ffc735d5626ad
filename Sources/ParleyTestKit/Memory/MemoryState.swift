import ParleyDomain

/// One user as the store knows him.
struct MemoryUser: Sendable {
    /// Counted from 1 in the order in which users came.
    var number: Int64
    var name: String
    var receipts = true
    var presence = true
    /// In milliseconds since 1970; 0 for never.
    var seen: Int64 = 0
    var data: [UInt8]?
    /// Whom he has blocked.
    var blocked: [UserID] = []
}

/// Everything the memory store holds, as one value.
package struct MemoryState: Sendable {
    var users: [UserID: MemoryUser] = [:]
    var conversations: [ConversationID: MemoryConversation] = [:]
    /// Conversations as they were made.
    var order: [ConversationID] = []
    /// The newest id or stamp handed out.
    var highWater: Int64
    /// For a fault that the simulation plants: the next entry gets at least this sequence.
    var reserved: [ConversationID: Int64] = [:]

    init(highWater: Int64) { self.highWater = highWater }

    /// All conversations as they were made.
    var all: [MemoryConversation] { self.order.compactMap { self.conversations[$0] } }

    mutating func nextStamp() -> Int64 {
        self.highWater += 1
        return self.highWater
    }

    // MARK: Drafts

    mutating func append(_ draft: Draft) -> AppendOutcome {
        if let reason = Self.fault(draft) { return .refused(.invalid(reason)) }
        guard self.users[draft.sender] != nil else { return .refused(.unknownUser(draft.sender)) }
        if let outcome = self.earlier(draft) { return outcome }
        if case .create(let new, let members)? = draft.change { return self.create(draft, new, members) }
        guard let conversation = self.conversations[draft.conversation] else { return .refused(.unknownConversation) }
        guard draft.decidedAt >= conversation.head.controlSequence else { return .refused(.stale) }
        guard max(draft.relatesTo, draft.thread) <= conversation.head.sequence else {
            return .refused(.invalid("relates to what is not there"))
        }
        switch draft.change {
        case nil: return self.send(draft)
        case .edit, .recall, .react, .pin: return self.relate(draft, conversation)
        case let change?:
            guard conversation.head.kind == .group else { return .refused(.invalid("a direct conversation")) }
            do throws(Refused) {
                return try self.change(draft, change, conversation)
            } catch {
                return .refused(error.reason)
            }
        }
    }

    /// Why a change is not made, on its way out.
    struct Refused: Error {
        var reason: AppendRefusal

        init(_ reason: AppendRefusal) { self.reason = reason }
    }

    /// What is stored under the client id; nil if nothing is. A conflict is told only on the present rules.
    private func earlier(_ draft: Draft) -> AppendOutcome? {
        let key = MemoryConversation.Key(sender: draft.sender, clientID: draft.clientID)
        guard let conversation = self.conversations[draft.conversation], let place = conversation.stored[key] else { return nil }
        if conversation.requests[place] == MemoryRequest(draft) { return .duplicate(conversation.entries[place]) }
        if case .create? = draft.change { return .refused(.conflict) }
        return .refused(draft.decidedAt < conversation.head.controlSequence ? .stale : .conflict)
    }

    private mutating func create(_ draft: Draft, _ new: NewConversation, _ members: [UserID]) -> AppendOutcome {
        guard self.conversations[draft.conversation] == nil else { return .refused(.conflict) }
        var others = Self.once(members).filter { $0 != draft.sender }
        if new.kind == .direct, others.count != 1 { return .refused(.invalid("a direct conversation has two members")) }
        guard (1...Limits.membersPerGroupMax).contains(Int(new.memberCap)) else { return .refused(.invalid("the cap")) }
        if let unknown = others.first(where: { self.users[$0] == nil }) { return .refused(.unknownUser(unknown)) }
        if new.kind == .direct, self.has(others[0], blocked: draft.sender) || self.has(draft.sender, blocked: others[0]) {
            return .refused(.blocked)
        }
        others = others.filter { !self.has($0, blocked: draft.sender) }
        guard others.count < Int(new.memberCap) else { return .refused(.groupFull) }

        let head = ConversationHead(
            conversation: draft.conversation, kind: new.kind, title: new.title, memberCap: new.memberCap,
            historyVisible: new.historyVisible, description: new.description, avatar: new.avatar, rules: new.rules)
        self.conversations[draft.conversation] = MemoryConversation(head: head)
        self.order.append(draft.conversation)
        let slots = others.indices.map { Int32($0 + 2) }
        let entry = self.store(draft, ControlContent.bytes(for: .create(new, members: others), slots: slots))
        let first = self.join(draft.sender, new.kind == .group ? .owner : .member, at: entry)
        return .appended(entry, joined: [first] + others.map { self.join($0, .member, at: entry) })
    }

    mutating func store(_ draft: Draft, _ content: [UInt8]) -> Entry {
        let stamp = self.nextStamp()
        let head =
            self.conversations[draft.conversation]?.head
            ?? ConversationHead(conversation: draft.conversation, kind: .group, title: "")
        let message: Int64 = draft.kind == .message ? 1 : 0
        let own = self.conversations[draft.conversation]?.messages(of: draft.sender).count ?? 0
        let entry = Entry(
            conversation: draft.conversation, sequence: max(head.sequence + 1, self.reserved[draft.conversation] ?? 0), id: stamp,
            stamp: stamp, kind: draft.kind, sender: draft.sender, clientID: draft.clientID, time: draft.time,
            messageOrdinal: head.messages + message, senderOrdinal: Int64(own) + message, relatesTo: draft.relatesTo,
            thread: draft.thread, content: content)
        self.conversations[draft.conversation]?.keep(entry, for: draft)
        return entry
    }

    // MARK: Members

    /// Whether the user has blocked the other.
    func has(_ user: UserID, blocked other: UserID) -> Bool { self.users[user]?.blocked.contains(other) == true }

    func memberships(of user: UserID) -> [(Membership, ConversationHead)] {
        self.all.compactMap { room in room.active(user).map { (self.row($0, in: room), room.head) } }
    }

    func membership(of user: UserID, in id: ConversationID) -> Membership? {
        guard let room = self.conversations[id], let member = room.members[user] else { return nil }
        return self.row(member, in: room)
    }

    func entry(in id: ConversationID, from sender: UserID, clientID: ClientID) -> Entry? {
        guard let room = self.conversations[id] else { return nil }
        return room.stored[MemoryConversation.Key(sender: sender, clientID: clientID)].map { room.entries[$0] }
    }

    /// The row as the port shows it, with what is known elsewhere.
    func row(_ member: MemoryMember, in conversation: MemoryConversation) -> Membership {
        var row = member.row
        if conversation.head.kind == .direct, let peer = conversation.members.keys.first(where: { $0 != row.user }) {
            row.blocked = self.has(row.user, blocked: peer) || self.has(peer, blocked: row.user)
        }
        if conversation.head.rules.slowMilliseconds > 0 { row.lastSent = conversation.messages(of: row.user).last?.time ?? 0 }
        return row
    }

    /// Makes or revives a membership. Nothing before the visible start counts as unread, so the read position is raised to it.
    mutating func join(_ user: UserID, _ role: Role, at entry: Entry) -> Joiner {
        let id = entry.conversation
        let open = entry.kind == .created || self.conversations[id]?.head.historyVisible == true
        let visibleFrom = open ? 1 : entry.sequence
        let excluded = self.users[user]?.receipts == false
        var slot: Int32 = 0
        if let known = self.conversations[id]?.members[user]?.row.slot, known > 0 {
            slot = known
        } else {
            self.conversations[id]?.head.lastSlot += 1
            slot = self.conversations[id]?.head.lastSlot ?? 0
        }
        self.change(user, in: id, by: entry) { member in
            if member.row.slot == 0, excluded { member.exclusions = [Interval(from: entry.sequence)] }
            member.row.slot = slot
            member.row.state = .active
            member.row.role = role
            member.row.visibleFrom = visibleFrom
            member.row.read = max(member.row.read, visibleFrom - 1)
            member.intervals.append(Interval(from: entry.sequence))
        }
        self.conversations[id]?.head.memberCount += 1
        return Joiner(user: user, slot: slot, visibleFrom: visibleFrom, isCounted: !excluded)
    }

    /// Changes a membership as others see it, and makes the row if there is none.
    mutating func change(_ user: UserID, in id: ConversationID, by entry: Entry, _ body: (inout MemoryMember) -> Void) {
        let row = Membership(conversation: id, user: user, slot: 0, role: .member, state: .left)
        var member = self.conversations[id]?.members[user] ?? MemoryMember(row: row)
        body(&member)
        let taken = self.conversations[id]?.members.values.contains { $0.changed == entry.stamp } == true
        member.changed = taken ? self.nextStamp() : entry.stamp
        member.stamp = member.changed
        self.conversations[id]?.members[user] = member
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
        member.stamp = self.nextStamp()
        self.conversations[position.conversation]?.members[position.user] = member
    }

    static func once(_ users: [UserID]) -> [UserID] {
        var seen: Set<UserID> = []
        return users.filter { seen.insert($0).inserted }
    }
}

extension MemoryConversation {
    fileprivate mutating func keep(_ entry: Entry, for draft: Draft) {
        self.stored[Key(sender: entry.sender, clientID: entry.clientID)] = self.entries.count
        self.entries.append(entry)
        self.requests.append(MemoryRequest(draft))
        self.head.sequence = entry.sequence
        self.head.messages = entry.messageOrdinal
        self.head.time = entry.time
        self.head.stamp = entry.stamp
        if entry.kind.changesRights { self.head.controlSequence = entry.sequence }
    }
}
