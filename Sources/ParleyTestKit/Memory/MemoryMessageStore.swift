package import ParleyDomain
import Synchronization

/// A store in memory with the semantics of the real ones: simple and obviously right rather than fast.
///
/// Deterministic: no clock, no randomness; epoch and first id are parameters. What `append` returned survives `crash`.
/// The next append can be made to fail in each way that a real one can. Reads: `MemoryReading`.
package final class MemoryMessageStore: MessageStore, MemoryReading {
    /// A way for the next append to fail.
    package enum Failure: Sendable, Equatable {
        /// The disk is full: nothing is stored, and the next append works again.
        case full
        /// The batch is stored, but the caller is not told. Nothing is accepted until `crash`.
        case unknownButStored
        /// The batch is lost, and the caller is not told. Nothing is accepted until `crash`.
        case unknownAndLost
    }

    private struct Disk: Sendable {
        var state: MemoryState
        var nextFailure: Failure?
        var closed = false
    }

    package let epoch: String
    private let disk: Mutex<Disk>

    package init(epoch: String = "memory", firstID: Int64 = 1) {
        self.epoch = epoch
        self.disk = Mutex(Disk(state: MemoryState(highWater: firstID - 1)))
    }

    /// Makes a user known: who is not can neither send nor be added.
    package func addUser(_ profile: UserProfile) {
        self.disk.withLock { disk in
            let number = disk.state.users[profile.user]?.number ?? Int64(disk.state.users.count + 1)
            disk.state.users[profile.user] = MemoryUser(number: number, name: profile.name)
        }
    }

    package var snapshot: MemoryState { self.disk.withLock { $0.state } }

    // MARK: Faults

    package func failNextAppend(_ failure: Failure) {
        self.disk.withLock { $0.nextFailure = failure }
    }

    /// The process ends and starts again: what was returned is there, pending faults are gone.
    package func crash() {
        self.disk.withLock { disk in
            disk.nextFailure = nil
            disk.closed = false
        }
    }

    private func open<Value: Sendable>(_ body: (inout MemoryState) -> Value) throws(StoreFailure) -> Value {
        let value = self.disk.withLock { disk in disk.closed ? nil : body(&disk.state) }
        guard let value else { throw .unavailable("closed after a failure") }
        return value
    }

    // MARK: Drafts and notes

    package func append(_ drafts: [Draft]) throws(StoreFailure) -> [AppendOutcome] {
        let result = self.disk.withLock { disk -> Result<[AppendOutcome], StoreFailure> in
            if disk.closed { return .failure(.unavailable("closed after a failure")) }
            let failure = disk.nextFailure
            disk.nextFailure = nil
            switch failure {
            case .full:
                return .failure(.full("the disk is full"))
            case .unknownAndLost:
                disk.closed = true
                return .failure(.outcomeUnknown("the disk failed"))
            case .unknownButStored:
                for draft in drafts { _ = disk.state.append(draft) }
                disk.closed = true
                return .failure(.outcomeUnknown("the disk failed"))
            case nil:
                return .success(drafts.map { disk.state.append($0) })
            }
        }
        return try result.get()
    }

    package func note(_ notes: [Note]) throws(StoreFailure) -> [NoteOutcome] {
        try self.open { state in notes.map { state.note($0) } }
    }

    package func targets(_ queries: [TargetQuery]) throws(StoreFailure) -> [Target?] {
        try self.open { state in queries.map { state.target($0) } }
    }

    package func entry(in conversation: ConversationID, from sender: UserID, clientID: ClientID) throws(StoreFailure) -> Entry? {
        try self.open { $0.entry(in: conversation, from: sender, clientID: clientID) }
    }

    // MARK: Receipts

    package func receiptRows(of conversation: ConversationID, afterSlot slot: Int32, limit: Int) throws(StoreFailure)
        -> [ReceiptRow]
    {
        try self.open { $0.receiptRows(of: conversation, afterSlot: slot, limit: limit) }
    }

    package func messages(in conversation: ConversationID, sequences: [Int64]) throws(StoreFailure) -> [SentMessage] {
        try self.open { state in state.sent(in: conversation) { sequences.contains($0.sequence) } }
    }

    package func newestMessages(of user: UserID, in conversation: ConversationID, limit: Int) throws(StoreFailure)
        -> [SentMessage]
    {
        try self.open { $0.newestMessages(of: user, in: conversation, limit: limit) }
    }

    package func unfrozenMessages(before time: Int64, limit: Int) throws(StoreFailure) -> [(ConversationID, [SentMessage])] {
        try self.open { $0.unfrozenMessages(before: time, limit: limit) }
    }

    package func freeze(_ receipts: [MessageReceipts], in conversation: ConversationID, upTo sequence: Int64) throws(StoreFailure)
    {
        try self.open { $0.freeze(receipts, in: conversation, upTo: sequence) }
    }

    package func frozenReceipts(in conversation: ConversationID, sequences: [Int64]) throws(StoreFailure) -> [MessageReceipts] {
        try self.open { $0.frozenReceipts(in: conversation, sequences: sequences) }
    }

    // MARK: Positions and places

    package func advance(_ positions: [PositionUpdate]) throws(StoreFailure) {
        try self.open { state in
            for position in positions { state.advance(position) }
        }
    }

    package func heads(of conversations: [ConversationID]) throws(StoreFailure) -> [ConversationHead] {
        try self.open { state in conversations.compactMap { state.conversations[$0]?.head } }
    }

    package func memberships(of user: UserID) throws(StoreFailure) -> [(Membership, ConversationHead)] {
        try self.open { $0.memberships(of: user) }
    }

    package func membership(of user: UserID, in conversation: ConversationID) throws(StoreFailure) -> Membership? {
        try self.open { $0.membership(of: user, in: conversation) }
    }
}
