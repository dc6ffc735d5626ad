import ParleyDomain

/// Decides commands of a past day one after the other, and stores them in batches.
///
/// Each is decided by `Conversation.decide`, as if it came from a connection, with the time of its line for a clock. So that a
/// batch can hold changes of membership and replies to its own messages, the conversation moves on before the store has answered:
/// nobody else writes while an import runs (it holds the data folder), and what the store says is compared with what was expected.
struct GroupWriter {
    enum Outcome {
        /// It stands, or will at the next `flush`, at this sequence.
        case entry(Int64)
        /// Everything is as asked already: no entry.
        case nothing
        case refused(Refusal)
    }

    /// Drafts in one commit.
    private static let draftsPerBatch = 512

    let id: ConversationID
    private let store: any MessageStore
    private var conversation: Conversation
    private var pending: [Draft] = []
    private var bytes = 0

    /// Opens the group of this id, or makes it.
    ///
    /// - Parameter time: When it is made, in milliseconds since 1970.
    init(_ group: ImportGroup, in store: any MessageStore, at time: Int64) throws {
        self.id = group.id
        self.store = store
        if try store.heads(of: [group.id]).isEmpty {
            let new = NewConversation(
                kind: .group, title: group.title, memberCap: Int32(clamping: Limits.membersPerGroupMax),
                description: group.description)
            let create = Command.create(group.id, ClientID(trusted: "import"), new, members: [])
            guard case .append(let draft) = Conversation.decideUnknown(create, by: group.owner, at: time),
                case .appended? = try store.append([draft]).first
            else { throw ImportFailure("The group \(group.id) could not be made.") }
        }
        guard let head = try store.heads(of: [group.id]).first, head.kind == .group,
            let owner = try store.membership(of: group.owner, in: group.id), owner.active, owner.role == .owner
        else {
            throw ImportFailure(
                "There is a conversation \(group.id) already, and \(group.ownerName) does not own it: name another with --group, or its owner with --owner."
            )
        }
        self.conversation = Conversation(head: head)
    }

    /// What an earlier import stored for this command; nil if nothing.
    func stored(_ command: Command, by user: UserID) throws -> Entry? {
        try self.store.entry(in: self.id, from: user, clientID: command.clientID)
    }

    mutating func decide(_ command: Command, by user: UserID, at time: Int64) throws -> Outcome {
        for named in Conversation.users(named: command, by: user) { try self.learn(named) }
        var entering: [UserID] = []
        if case .add(let users) = command.action {
            for added in users { try self.learn(added) }
            entering = users.filter { self.conversation.role(of: $0) == nil }
            if entering.isEmpty { return .nothing }
        }
        if case .join = command.action { entering = [user] }
        switch self.conversation.decide(command, by: user, at: time) {
        case .append(let draft):
            let sequence = self.expect(draft, entering)
            if self.pending.count >= Self.draftsPerBatch || self.bytes >= Limits.bytesPerBatch { try self.flush() }
            return .entry(sequence)
        case .exists: return .nothing
        case .refuse(let refusal), .refuseUnlessStored(let refusal): return .refused(refusal)
        }
    }

    private mutating func learn(_ user: UserID) throws {
        guard !self.conversation.knows(user) else { return }
        self.conversation.learn(user, try self.store.membership(of: user, in: self.id))
    }

    /// Moves the conversation on to where it will stand once the draft is stored.
    private mutating func expect(_ draft: Draft, _ entering: [UserID]) -> Int64 {
        let head = self.conversation.head
        let entry = Entry(
            conversation: self.id, sequence: head.sequence + 1, id: 0, stamp: 0, kind: draft.kind, sender: draft.sender,
            clientID: draft.clientID, time: draft.time, messageOrdinal: head.messages + (draft.kind == .message ? 1 : 0),
            senderOrdinal: 0, relatesTo: draft.relatesTo, content: [])
        let visibleFrom = head.historyVisible ? 1 : entry.sequence
        let joined = entering.map { user in
            Joiner(user: user, slot: self.conversation.place(of: user)?.slot ?? 0, visibleFrom: visibleFrom)
        }
        let mutes = entering.map { self.conversation.place(of: $0)?.mutedUntil ?? 0 }
        self.conversation.apply(entry, draft.change, joined: joined)
        for (joiner, mutedUntil) in zip(joined, mutes) {
            self.conversation.learn(
                joiner.user,
                Membership(
                    conversation: self.id, user: joiner.user, slot: joiner.slot, role: .member, visibleFrom: visibleFrom,
                    mutedUntil: mutedUntil))
        }
        self.pending.append(draft)
        self.bytes += draft.content.count
        return entry.sequence
    }

    /// Stores what was decided, in one transaction.
    mutating func flush() throws {
        let drafts = self.pending
        guard !drafts.isEmpty else { return }
        self.pending.removeAll()
        self.bytes = 0
        let last = self.conversation.head.sequence
        for (index, outcome) in try self.store.append(drafts).enumerated() {
            let expected = last - Int64(drafts.count - 1 - index)
            if case .appended(let entry, _) = outcome, entry.sequence == expected { continue }
            throw ImportFailure(
                "\(drafts[index].clientID) was not stored as expected (\(outcome)). What came before it is stored: when the cause is mended, import again."
            )
        }
    }
}
