package import ParleyDomain

/// One user's place in one conversation, with what no port shows.
struct SimMember {
    var row: Membership
    var intervals: [Interval]
    var stamp: Int64

    func sees(_ sequence: Int64) -> Bool {
        (self.row.active && sequence >= self.row.visibleFrom) || self.intervals.contains { $0.contains(sequence) }
    }
}

/// One log with its head and members.
struct SimLog {
    struct Key: Hashable {
        var sender: UserID
        var clientID: ClientID
    }

    var head: ConversationHead
    var entries: [Entry] = []
    var members: [UserID: SimMember] = [:]
    /// In the order of their slots.
    var order: [UserID] = []
    var stored: [Key: Int] = [:]
    /// By place in `entries`: the change that was asked for.
    var requests: [Int: Change] = [:]

    func ownMessages(of user: UserID, upTo sequence: Int64) -> Int64 {
        self.entries.last { $0.sender == user && $0.sequence <= sequence }?.senderOrdinal ?? 0
    }
}

/// The simulated disk: a store whose appends can fail in every way that the port allows.
///
/// What `append` has applied is durable and survives every crash; a crash of the server before that loses the batch, since the
/// server calls `append` only at the moment of the commit.
///
/// `@unchecked Sendable` is sound because a run of the simulation, with its store, lives on one thread.
package final class SimStore: MessageStore, MessageReader, @unchecked Sendable {
    package let epoch = "sim"
    private(set) var logs: [SimLog] = []
    private(set) var indices: [ConversationID: Int] = [:]
    var users: Set<UserID> = []
    var stamp: Int64 = 1_000
    /// How the next append fails; nil for success.
    var nextFailure: SimFailure?
    /// After an unknown outcome a store may take nothing more until it is opened again.
    var isClosed = false
    /// Calls that fail before the next one that works.
    var failingReads = 0
    var bug: SimBug?
    /// For `SimBug.sequenceOutsideTransaction`.
    private var reserved: [ConversationID: Int64] = [:]

    func log(_ conversation: ConversationID) -> SimLog? { self.indices[conversation].map { self.logs[$0] } }

    /// The durable entry at this place, if there is one.
    func entry(_ conversation: ConversationID, _ sequence: Int64) -> Entry? {
        guard let index = self.indices[conversation], sequence >= 1, sequence <= Int64(self.logs[index].entries.count) else {
            return nil
        }
        return self.logs[index].entries[Int(sequence) - 1]
    }

    func sees(_ user: UserID, _ conversation: ConversationID, _ sequence: Int64) -> Bool {
        guard let index = self.indices[conversation] else { return false }
        return self.logs[index].members[user]?.sees(sequence) ?? false
    }

    func reopen() {
        self.isClosed = false
        self.nextFailure = nil
        self.failingReads = 0
    }

    private func check() throws(StoreFailure) {
        if self.isClosed { throw .unavailable("closed after an unknown outcome") }
        guard self.failingReads > 0 else { return }
        self.failingReads -= 1
        throw .unavailable("simulated")
    }

    // MARK: MessageStore

    package func append(_ drafts: [Draft]) throws(StoreFailure) -> [AppendOutcome] {
        if self.isClosed { throw .unavailable("closed after an unknown outcome") }
        let failure = self.nextFailure
        self.nextFailure = nil
        if self.bug == .sequenceOutsideTransaction { for draft in drafts { self.reserve(draft) } }
        switch failure {
        case .full: throw .full("simulated")
        case .unavailable: throw .unavailable("simulated")
        case .unknownAndLost(let closes):
            self.isClosed = closes
            throw .outcomeUnknown("simulated")
        case .unknownButStored(let closes):
            for draft in drafts { _ = self.append(draft) }
            self.isClosed = closes
            throw .outcomeUnknown("simulated")
        case nil: return drafts.map { self.append($0) }
        }
    }

    package func advance(_ positions: [PositionUpdate]) throws(StoreFailure) {
        try self.check()
        for position in positions { self.advance(position) }
    }

    package func heads(of conversations: [ConversationID]) throws(StoreFailure) -> [ConversationHead] {
        try self.check()
        return conversations.compactMap { self.log($0)?.head }
    }

    package func memberships(of user: UserID) throws(StoreFailure) -> [(Membership, ConversationHead)] {
        try self.check()
        return self.logs.compactMap { log in
            guard let member = log.members[user], member.row.active else { return nil }
            return (member.row, log.head)
        }
    }

    package func membership(of user: UserID, in conversation: ConversationID) throws(StoreFailure) -> Membership? {
        try self.check()
        return self.log(conversation)?.members[user]?.row
    }

    package func entry(in conversation: ConversationID, from sender: UserID, clientID: ClientID) throws(StoreFailure) -> Entry? {
        try self.check()
        guard let log = self.log(conversation), let index = log.stored[SimLog.Key(sender: sender, clientID: clientID)] else {
            return nil
        }
        return log.entries[index]
    }

    // MARK: MessageReader

    package func entries(in conversation: ConversationID, for user: UserID, after: Int64, limit: Int) throws(ReadFailure) -> Page
    {
        let log = try self.visible(conversation, to: user)
        let skip: Int64 = self.bug == .cursorSkip && after > 0 && after % 3 == 0 ? 1 : 0
        return try self.page(log, user, from: after + 1 + skip, limit: limit)
    }

    package func entries(in conversation: ConversationID, for user: UserID, before: Int64, limit: Int) throws(ReadFailure) -> Page
    {
        let log = try self.visible(conversation, to: user)
        let wanted = log.entries.reversed().filter { $0.sequence < before && log.members[user]?.sees($0.sequence) == true }
        return Page(entries: Array(wanted.prefix(limit)), head: log.head.sequence, more: wanted.count > limit)
    }

    package func changes(for user: UserID, after stamp: Int64, limit: Int) throws(ReadFailure) -> [ConversationSummary] {
        var found: [ConversationSummary] = []
        for log in self.logs {
            guard let member = log.members[user], member.row.active || stamp > 0 else { continue }
            let newest = member.row.active ? max(log.head.stamp, member.stamp) : member.stamp
            guard newest > stamp else { continue }
            found.append(self.summary(log, member, newest))
        }
        found.sort { $0.stamp < $1.stamp }
        return Array(found.prefix(limit))
    }

    package func members(of conversation: ConversationID, for user: UserID, afterSlot slot: Int32, limit: Int) throws(ReadFailure)
        -> [MemberProfile]
    {
        let log = try self.visible(conversation, to: user)
        let rows = log.order.compactMap { log.members[$0]?.row }.filter { $0.slot > slot }
        return rows.prefix(limit).map {
            MemberProfile(profile: UserProfile(user: $0.user, name: $0.user.rawValue), membership: $0)
        }
    }

    package func profiles(of users: [UserID]) throws(ReadFailure) -> [UserProfile] {
        users.filter { self.users.contains($0) }.map { UserProfile(user: $0, name: $0.rawValue) }
    }

    private func visible(_ conversation: ConversationID, to user: UserID) throws(ReadFailure) -> SimLog {
        guard let log = self.log(conversation), log.members[user]?.row.active == true else { throw .notMember }
        return log
    }

    private func page(_ log: SimLog, _ user: UserID, from first: Int64, limit: Int) throws(ReadFailure) -> Page {
        guard let member = log.members[user] else { throw .notMember }
        var page = Page(entries: [], head: log.head.sequence, more: false)
        var sequence = max(1, first)
        while sequence <= log.head.sequence {
            defer { sequence += 1 }
            guard member.sees(sequence), sequence <= Int64(log.entries.count) else { continue }
            guard page.entries.count < limit else {
                page.more = true
                break
            }
            page.entries.append(log.entries[Int(sequence) - 1])
        }
        return page
    }

    private func summary(_ log: SimLog, _ member: SimMember, _ stamp: Int64) -> ConversationSummary {
        let read = member.row.read
        let user = member.row.user
        let before = read > 0 ? self.entry(log.head.conversation, read)?.messageOrdinal ?? 0 : 0
        // By difference, never counted: M(newest) - M(read) - own ones in between (R34).
        let own = log.ownMessages(of: user, upTo: .max) - log.ownMessages(of: user, upTo: read)
        return ConversationSummary(
            head: log.head, membership: member.row, unread: max(0, log.head.messages - before - own), preview: nil, peer: nil,
            stamp: stamp)
    }

    // MARK: State

    func mutate<Value>(_ conversation: ConversationID, _ body: (inout SimLog) -> Value) -> Value? {
        guard let index = self.indices[conversation] else { return nil }
        return body(&self.logs[index])
    }

    func make(_ log: SimLog) {
        self.indices[log.head.conversation] = self.logs.count
        self.logs.append(log)
    }

    /// The sequence that an entry of this draft gets: the next one, or under the planted bug what was reserved.
    func sequence(for draft: Draft, after head: Int64) -> Int64 {
        guard self.bug == .sequenceOutsideTransaction, let reserved = self.reserved[draft.conversation] else { return head + 1 }
        return max(reserved, head + 1)
    }

    /// The planted bug: a counter that moves on whether the transaction commits or not.
    private func reserve(_ draft: Draft) {
        let head = self.log(draft.conversation)?.head.sequence ?? 0
        self.reserved[draft.conversation] = max(self.reserved[draft.conversation] ?? 0, head) + 1
    }
}
