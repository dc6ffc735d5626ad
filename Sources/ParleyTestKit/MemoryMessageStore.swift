package import ParleyDomain
import Synchronization

/// A store in memory with the semantics of the real ones: simple and obviously right rather than fast.
///
/// Deterministic: no clock, no randomness; epoch and first id are parameters. What `append` returned survives `crash`.
/// The next append can be made to fail in each way that a real one can.
package final class MemoryMessageStore: MessageStore, MessageReader {
    /// A way for the next append to fail.
    package enum Failure: Sendable, Equatable {
        /// The disk is full: nothing is stored, and the next append works again.
        case full
        /// The batch is stored, but the caller is not told. Nothing is accepted until `crash`.
        case unknownButStored
        /// The batch is lost, and the caller is not told. Nothing is accepted until `crash`.
        case unknownAndLost
    }

    package let epoch: String
    private let state: Mutex<MemoryState>

    package init(epoch: String = "memory", firstID: Int64 = 1) {
        self.epoch = epoch
        self.state = Mutex(MemoryState(highWater: firstID - 1))
    }

    /// Makes a user known: who is not can neither send nor be added.
    package func addUser(_ profile: UserProfile) {
        self.state.withLock { $0.users[profile.user] = profile.name }
    }

    // MARK: Faults

    package func failNextAppend(_ failure: Failure) {
        self.state.withLock { $0.nextFailure = failure }
    }

    /// The process ends and starts again: what was returned is there, pending faults are gone.
    package func crash() {
        self.state.withLock { state in
            state.nextFailure = nil
            state.closed = false
        }
    }

    // MARK: MessageStore

    package func append(_ drafts: [Draft]) throws(StoreFailure) -> [AppendOutcome] {
        let result = self.state.withLock { state -> Result<[AppendOutcome], StoreFailure> in
            if state.closed { return .failure(.unavailable("closed after a failure")) }
            let failure = state.nextFailure
            state.nextFailure = nil
            switch failure {
            case .full:
                return .failure(.full("the disk is full"))
            case .unknownAndLost:
                state.closed = true
                return .failure(.outcomeUnknown("the disk failed"))
            case .unknownButStored:
                for draft in drafts { _ = state.append(draft) }
                state.closed = true
                return .failure(.outcomeUnknown("the disk failed"))
            case nil:
                return .success(drafts.map { state.append($0) })
            }
        }
        return try result.get()
    }

    package func advance(_ positions: [PositionUpdate]) throws(StoreFailure) {
        try self.open { state in
            for position in positions { state.advance(position) }
        }
    }

    package func heads(of conversations: [ConversationID]) throws(StoreFailure) -> [ConversationHead] {
        try self.open { state in conversations.compactMap { state.conversations[$0]?.head } }
    }

    package func memberships(of user: UserID) throws(StoreFailure) -> [(Membership, ConversationHead)] {
        try self.open { state in
            state.order.compactMap { id in
                guard let conversation = state.conversations[id], let member = conversation.members[user], member.row.active
                else {
                    return nil
                }
                return (member.row, conversation.head)
            }
        }
    }

    package func membership(of user: UserID, in conversation: ConversationID) throws(StoreFailure) -> Membership? {
        try self.open { state in state.conversations[conversation]?.members[user]?.row }
    }

    package func entry(in conversation: ConversationID, from sender: UserID, clientID: ClientID) throws(StoreFailure) -> Entry? {
        try self.open { state in
            state.conversations[conversation]?.entries.first { $0.sender == sender && $0.clientID == clientID }
        }
    }

    private func open<Value: Sendable>(_ body: (inout sending MemoryState) -> sending Value) throws(StoreFailure) -> Value {
        let value = self.state.withLock { state in state.closed ? nil : body(&state) }
        guard let value else { throw .unavailable("closed after a failure") }
        return value
    }

    // MARK: MessageReader

    package func entries(in conversation: ConversationID, for user: UserID, after: Int64, limit: Int) throws(ReadFailure) -> Page
    {
        let visible = try self.visible(conversation, to: user)
        let wanted = visible.entries.filter { $0.sequence > after }
        return Self.page(wanted, limit: limit, head: visible.head)
    }

    package func entries(in conversation: ConversationID, for user: UserID, before: Int64, limit: Int) throws(ReadFailure) -> Page
    {
        let visible = try self.visible(conversation, to: user)
        let wanted = visible.entries.filter { $0.sequence < before }
        return Self.page(wanted.reversed(), limit: limit, head: visible.head)
    }

    package func changes(for user: UserID, after stamp: Int64, limit: Int) throws(ReadFailure) -> [ConversationSummary] {
        self.state.withLock { state in
            let all = state.conversations.values.compactMap { $0.summary(for: user, withEnded: stamp > 0) }
            let changed = all.filter { $0.stamp > stamp }.sorted { $0.stamp < $1.stamp }
            return Array(changed.prefix(max(0, min(limit, Limits.syncPositions))))
        }
    }

    package func members(of conversation: ConversationID, for user: UserID, afterSlot slot: Int32, limit: Int) throws(ReadFailure)
        -> [MemberProfile]
    {
        let found = self.state.withLock { state -> [MemberProfile]? in
            guard let room = state.conversations[conversation], room.members[user]?.row.active == true else { return nil }
            let rows = room.members.values.map(\.row).filter { $0.slot > slot }.sorted { $0.slot < $1.slot }
            return rows.prefix(max(0, min(limit, Limits.usersPerRequest))).map { row in
                MemberProfile(profile: UserProfile(user: row.user, name: state.users[row.user] ?? ""), membership: row)
            }
        }
        guard let found else { throw .notMember }
        return found
    }

    package func profiles(of users: [UserID]) throws(ReadFailure) -> [UserProfile] {
        self.state.withLock { state in
            users.compactMap { user in state.users[user].map { UserProfile(user: user, name: $0) } }
        }
    }

    private func visible(_ conversation: ConversationID, to user: UserID) throws(ReadFailure) -> (entries: [Entry], head: Int64) {
        let found = self.state.withLock { state -> ([Entry], Int64)? in
            guard let room = state.conversations[conversation], let member = room.members[user], member.row.active else {
                return nil
            }
            return (room.entries.filter { member.sees($0.sequence) }, room.head.sequence)
        }
        guard let found else { throw .notMember }
        return found
    }

    private static func page(_ entries: [Entry], limit: Int, head: Int64) -> Page {
        var taken: [Entry] = []
        var bytes = 0
        for entry in entries {
            guard taken.count < min(limit, Limits.pageEntriesMax), bytes < Limits.pageBytes else { break }
            taken.append(entry)
            bytes += entry.content.count
        }
        return Page(entries: taken, head: head, more: taken.count < entries.count)
    }
}
