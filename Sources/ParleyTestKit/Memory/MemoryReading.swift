package import ParleyDomain

/// The reading half of a store in memory: each call works on one snapshot.
package protocol MemoryReading: MessageReader {
    /// All that is stored at this moment.
    var snapshot: MemoryState { get }
}

extension MemoryReading {
    package func entries(in conversation: ConversationID, for user: UserID, after: Int64, limit: Int) throws(ReadFailure) -> Page
    {
        try self.snapshot.entries(in: conversation, for: user, after: after, limit: limit)
    }

    package func entries(in conversation: ConversationID, for user: UserID, before: Int64, limit: Int) throws(ReadFailure) -> Page
    {
        try self.snapshot.entries(in: conversation, for: user, before: before, limit: limit)
    }

    package func changes(for user: UserID, after stamp: Int64, limit: Int) throws(ReadFailure) -> [ConversationSummary] {
        self.snapshot.changes(for: user, after: stamp, limit: limit)
    }

    package func members(of conversation: ConversationID, for user: UserID, afterSlot slot: Int32, limit: Int) throws(ReadFailure)
        -> [MemberProfile]
    {
        try self.snapshot.members(of: conversation, for: user, afterSlot: slot, limit: limit)
    }

    package func profiles(of users: [UserID]) throws(ReadFailure) -> [UserProfile] { self.snapshot.profiles(of: users) }

    package func newestStamp() throws(ReadFailure) -> Int64 { self.snapshot.highWater }

    // MARK: Members

    package func members(of conversation: ConversationID, for user: UserID, changedAfter stamp: Int64, limit: Int)
        throws(ReadFailure) -> MemberChanges
    {
        let state = self.snapshot
        let (room, _) = try state.member(user, conversation)
        let wanted = room.members.values.filter { $0.row.slot > 0 && $0.changed > stamp }.sorted { $0.changed < $1.changed }
        let told = wanted.prefix(max(1, min(limit, Limits.usersPerRequest)))
        return MemberChanges(
            members: told.map { state.profile($0, in: room) },
            stamp: told.count < wanted.count ? told.last?.changed ?? stamp : max(stamp, state.highWater),
            more: told.count < wanted.count)
    }

    package func members(
        of conversation: ConversationID, for user: UserID, in memberState: MemberState, after: String, limit: Int
    ) throws(ReadFailure) -> [MemberProfile] {
        let state = self.snapshot
        let room = try state.administrated(conversation, by: user)
        let rows = room.members.values.filter { $0.row.state == memberState && $0.row.user.rawValue > after }
        let wanted = rows.sorted { $0.row.user < $1.row.user }.prefix(max(0, min(limit, Limits.usersPerRequest)))
        return wanted.map { state.profile($0, in: room) }
    }

    package func members(of conversation: ConversationID, for user: UserID, slots: [Int32]) throws(ReadFailure) -> [MemberProfile]
    {
        let state = self.snapshot
        let (room, _) = try state.member(user, conversation)
        return slots.compactMap { slot in
            guard slot > 0, let member = room.members.values.first(where: { $0.row.slot == slot }) else { return nil }
            return state.profile(member, in: room)
        }
    }

    // MARK: Messages

    package func thread(of root: Int64, in conversation: ConversationID, for user: UserID, after: Int64, limit: Int)
        throws(ReadFailure) -> Page
    {
        let (room, member) = try self.snapshot.message(root, conversation, user)
        let wanted = room.entries.filter {
            $0.kind == .message && ($0.sequence == root || $0.thread == root) && $0.sequence > after
        }
        return room.page(wanted, limit: limit, to: member)
    }

    package func revisions(of sequence: Int64, in conversation: ConversationID, for user: UserID, after: Int64, limit: Int)
        throws(ReadFailure) -> Page
    {
        let (room, member) = try self.snapshot.message(sequence, conversation, user)
        var page = Page(entries: [], head: room.head.sequence, more: false)
        guard room.recalls[sequence] == nil, let message = room.message(sequence) else { return page }
        let wanted = ([message] + room.edits(of: sequence, for: member)).filter { $0.sequence > after }
        var bytes = 0
        for entry in wanted.prefix(max(0, min(limit, Limits.pageEntriesMax))) where bytes < Limits.pageBytes {
            page.entries.append(entry)
            bytes += entry.content.count
        }
        page.more = page.entries.count < wanted.count
        return page
    }

    package func reactions(
        to sequence: Int64, emoji: String, in conversation: ConversationID, for user: UserID, after: String, limit: Int
    ) throws(ReadFailure) -> [UserProfile] {
        let state = self.snapshot
        let (room, member) = try state.message(sequence, conversation, user)
        guard room.recalls[sequence] == nil else { return [] }
        let users = room.users(of: emoji, on: sequence, for: member).filter { $0.rawValue > after }
        return state.profiles(of: Array(users.sorted().prefix(max(0, min(limit, Limits.usersPerRequest)))))
    }

    package func pins(in conversation: ConversationID, for user: UserID) throws(ReadFailure) -> Page {
        let (room, member) = try self.snapshot.member(user, conversation)
        let pins = room.pins.reversed().filter { member.sees($0.sequence) }
        return room.page(pins.compactMap { room.message($0.target) }, limit: Limits.pinsPerConversation, to: member)
    }

    package func mentions(of user: UserID, in conversation: ConversationID, after: Int64, limit: Int) throws(ReadFailure) -> Page
    {
        let (room, member) = try self.snapshot.member(user, conversation)
        let wanted = room.entries.filter { $0.kind == .message && $0.sequence > after && room.mentions(user, in: $0) }
        return room.page(wanted, limit: limit, to: member)
    }

    package func audit(_ conversation: ConversationID, for user: UserID, before: Int64, limit: Int) throws(ReadFailure) -> Page {
        let room = try self.snapshot.administrated(conversation, by: user)
        guard let member = room.active(user) else { throw .notMember }
        let wanted = room.entries.reversed().filter {
            $0.sequence < before && ($0.kind.changesRights || $0.kind == .recall || $0.kind == .pin)
        }
        return room.page(wanted, limit: limit, to: member)
    }

    // MARK: Links, records, settings

    package func links(of conversation: ConversationID, for user: UserID, at now: Int64) throws(ReadFailure) -> [InviteLink] {
        let (room, member) = try self.snapshot.member(user, conversation)
        let wanted = room.links.filter { room.isUsable($0, at: now) && (member.row.role >= .administrator || $0.user == user) }
        return wanted.map { InviteLink(conversation: conversation, link: $0.link, user: $0.user, used: $0.used) }
    }

    package func link(_ id: String, for user: UserID, at now: Int64) throws(ReadFailure) -> LinkPreview? {
        let state = self.snapshot
        for room in state.all where room.links.contains(where: { $0.link.id == id && room.isUsable($0, at: now) }) {
            return LinkPreview(head: room.head, membership: room.members[user].map { state.row($0, in: room) })
        }
        return nil
    }

    package func preferences(of user: UserID) throws(ReadFailure) -> Preferences {
        let known = self.snapshot.users[user]
        return Preferences(receipts: known?.receipts ?? true, presence: known?.presence ?? true)
    }

    package func conversation(ofLink id: String) throws(ReadFailure) -> ConversationID? {
        self.snapshot.all.first { $0.links.contains { $0.link.id == id } }?.head.conversation
    }

    package func reports(of conversation: ConversationID, for user: UserID, before: Int64, limit: Int) throws(ReadFailure)
        -> [Report]
    {
        let room = try self.snapshot.administrated(conversation, by: user)
        let member = room.members[user]
        let wanted = room.reports.reversed().filter { $0.number < before && member?.sees($0.sequence) == true }
        return Array(wanted.prefix(max(0, min(limit, Limits.pageEntriesMax + 1))))
    }

    package func blocks(of user: UserID) throws(ReadFailure) -> [UserProfile] {
        let state = self.snapshot
        return state.profiles(of: (state.users[user]?.blocked ?? []).sorted())
    }

    package func data(of user: UserID, in conversation: ConversationID?) throws(ReadFailure) -> [UInt8]? {
        let state = self.snapshot
        guard let conversation else { return state.users[user]?.data }
        return try state.member(user, conversation).member.data
    }

    package func seen(_ users: [UserID], for user: UserID) throws(ReadFailure) -> [Seen] {
        let state = self.snapshot
        return users.compactMap { other in
            guard let known = state.users[other], known.presence,
                state.all.contains(where: { $0.active(user) != nil && $0.active(other) != nil })
            else { return nil }
            return Seen(user: other, time: known.seen)
        }
    }

    // MARK: Numbers

    package func numbered(_ users: [UserID]) throws(ReadFailure) -> [NumberedUser] {
        let state = self.snapshot
        return users.compactMap { state.numbered($0) }
    }

    package func user(numbered number: Int64) throws(ReadFailure) -> NumberedUser? {
        let state = self.snapshot
        return state.users.first { $0.value.number == number }.flatMap { state.numbered($0.key) }
    }

    package func numbered(_ conversations: [ConversationID], for user: UserID) throws(ReadFailure) -> [NumberedConversation] {
        let state = self.snapshot
        return conversations.compactMap { state.numbered($0, for: user) }
    }

    package func conversation(numbered number: Int64, for user: UserID) throws(ReadFailure) -> NumberedConversation? {
        let state = self.snapshot
        guard number >= 1, number <= state.order.count else { return nil }
        return state.numbered(state.order[Int(number - 1)], for: user)
    }

    package func recipients(of conversation: ConversationID, messages: ClosedRange<Int64>, afterSlot slot: Int32, limit: Int)
        throws(ReadFailure) -> [Recipient]
    {
        self.snapshot.recipients(of: conversation, messages: messages, afterSlot: slot, limit: limit)
    }
}
