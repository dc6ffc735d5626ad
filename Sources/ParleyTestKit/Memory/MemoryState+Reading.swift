import ParleyDomain

/// What readers are given.
extension MemoryState {
    // MARK: Rights

    /// The conversation and the user's place in it; the same refusal for all others.
    func member(_ user: UserID, _ id: ConversationID) throws(ReadFailure) -> (room: MemoryConversation, member: MemoryMember) {
        guard let room = self.conversations[id], let member = room.active(user) else { throw .notMember }
        return (room, member)
    }

    func administrated(_ id: ConversationID, by user: UserID) throws(ReadFailure) -> MemoryConversation {
        let (room, member) = try self.member(user, id)
        guard member.row.role >= .administrator else { throw .forbidden }
        return room
    }

    /// The conversation of a message that the user may see.
    func message(_ sequence: Int64, _ id: ConversationID, _ user: UserID) throws(ReadFailure)
        -> (room: MemoryConversation, member: MemoryMember)
    {
        let (room, member) = try self.member(user, id)
        guard room.message(sequence) != nil, member.sees(sequence) else { throw .noMessage }
        return (room, member)
    }

    // MARK: Pages

    func entries(in id: ConversationID, for user: UserID, after: Int64, limit: Int) throws(ReadFailure) -> Page {
        let (room, member) = try self.member(user, id)
        return room.page(room.entries.filter { $0.sequence > after }, limit: limit, to: member)
    }

    func entries(in id: ConversationID, for user: UserID, before: Int64, limit: Int) throws(ReadFailure) -> Page {
        let (room, member) = try self.member(user, id)
        return room.page(room.entries.reversed().filter { $0.sequence < before }, limit: limit, to: member)
    }

    // MARK: Lists

    func profiles(of users: [UserID]) -> [UserProfile] {
        users.compactMap { user in self.users[user].map { UserProfile(user: user, name: $0.name) } }
    }

    func numbered(_ user: UserID) -> NumberedUser? {
        self.users[user].map { NumberedUser(profile: UserProfile(user: user, name: $0.name), number: $0.number) }
    }

    func numbered(_ id: ConversationID, for user: UserID) -> NumberedConversation? {
        guard let room = self.conversations[id], room.active(user) != nil, let place = self.order.firstIndex(of: id) else {
            return nil
        }
        return NumberedConversation(
            conversation: id, number: Int64(place + 1), kind: room.head.kind, title: room.head.title,
            peer: room.head.kind == .direct ? room.members.keys.first { $0 != user } : nil)
    }

    func profile(_ member: MemoryMember, in room: MemoryConversation) -> MemberProfile {
        let name = self.users[member.row.user]?.name ?? ""
        return MemberProfile(profile: UserProfile(user: member.row.user, name: name), membership: self.row(member, in: room))
    }

    func members(of id: ConversationID, for user: UserID, afterSlot slot: Int32, limit: Int) throws(ReadFailure)
        -> [MemberProfile]
    {
        let (room, _) = try self.member(user, id)
        let rows = room.members.values.filter { $0.row.slot > max(0, slot) }.sorted { $0.row.slot < $1.row.slot }
        return rows.prefix(max(0, min(limit, Limits.usersPerRequest))).map { self.profile($0, in: room) }
    }

    func changes(for user: UserID, after stamp: Int64, limit: Int) -> [ConversationSummary] {
        let all = self.all.compactMap { self.summary(of: $0, for: user, withEnded: stamp > 0) }
        let changed = all.filter { $0.stamp > stamp }.sorted { $0.stamp < $1.stamp }
        return Array(changed.prefix(max(0, min(limit, Limits.syncPositions))))
    }

    private func summary(of room: MemoryConversation, for user: UserID, withEnded: Bool) -> ConversationSummary? {
        guard let member = room.members[user] else { return nil }
        guard member.row.active else {
            let waits = member.row.state == .invited || member.row.state == .requested
            return waits || withEnded ? self.outside(room, member) : nil
        }
        let unread = room.unread(member)
        let newest = room.entries.last { $0.kind == .message && member.sees($0.sequence) }
        let state = newest.map { room.state(of: $0.sequence, for: member) }
        let peer = room.head.kind == .direct ? room.members.keys.first { $0 != user } : nil
        return ConversationSummary(
            head: room.head, membership: self.row(member, in: room), unread: Int64(unread.count),
            mentions: Int64(min(100, unread.count { room.mentions(user, in: $0) })),
            preview: newest.map { room.shown($0, to: member) }, previewState: state == MessageState() ? nil : state, peer: peer,
            stamp: max(room.head.stamp, member.stamp))
    }

    /// For who is no member: nothing of what came after his time.
    private func outside(_ room: MemoryConversation, _ member: MemoryMember) -> ConversationSummary {
        var head = room.head
        let end = member.lastSequence
        head.sequence = end
        head.messages = Int64(room.entries.count { $0.kind == .message && $0.sequence <= end })
        head.controlSequence = end
        head.memberCount = 0
        head.lastSlot = member.row.slot
        head.time = 0
        head.stamp = member.stamp
        return ConversationSummary(
            head: head, membership: self.row(member, in: room), unread: 0, preview: nil, peer: nil, stamp: member.stamp)
    }

    /// Whom messages wake: members who may see the newest, by their levels; not its sender.
    func recipients(of id: ConversationID, messages: ClosedRange<Int64>, afterSlot slot: Int32, limit: Int) -> [Recipient] {
        guard let room = self.conversations[id], room.head.memberCount <= Limits.membersWoken else { return [] }
        let all = room.entries.filter {
            $0.kind == .message && messages.contains($0.sequence) && room.recalls[$0.sequence] == nil
        }
        guard let newest = all.last else { return [] }
        func mentioned(_ member: MemoryMember) -> Bool {
            all.contains { message in
                message.sender != member.row.user && message.sequence >= member.row.visibleFrom
                    && room.mentions(member.row.user, in: message)
            }
        }
        let woken = room.members.values.filter { member in
            guard member.row.active, newest.sequence >= member.row.visibleFrom, member.row.user != newest.sender else {
                return false
            }
            return switch member.row.notify {
            case .all: true
            case .mentions: mentioned(member)
            case .none: false
            }
        }
        let wanted = woken.filter { $0.row.slot > slot }.sorted { $0.row.slot < $1.row.slot }.prefix(max(0, limit))
        return wanted.map { member in
            let user = member.row.user
            let badge = self.all.reduce(0) { sum, other in sum + (other.active(user).map(other.badge) ?? 0) }
            return Recipient(
                user: user, slot: member.row.slot, sequence: newest.sequence, mentioned: mentioned(member),
                badge: Int64(min(100, badge)))
        }
    }
}
