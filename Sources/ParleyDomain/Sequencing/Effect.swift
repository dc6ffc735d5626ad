/// What must be looked up before a batch can be decided.
package struct Unknown: Sendable {
    package struct Place: Hashable, Sendable {
        package var conversation: ConversationID
        package var user: UserID

        package init(conversation: ConversationID, user: UserID) {
            self.conversation = conversation
            self.user = user
        }
    }

    package var conversations: Set<ConversationID> = []
    package var places: Set<Place> = []
    package var targets: Set<TargetQuery> = []

    package init() {}

    package var isEmpty: Bool { self.conversations.isEmpty && self.places.isEmpty && self.targets.isEmpty }
}

/// A decided batch: what to store, and what was settled without storing.
package struct Batch: Sendable {
    package var drafts: [Draft] = []
    /// The commands behind the drafts, one for one.
    package var submissions: [Submission] = []
    /// Answers that need no store.
    package var answers: [Effect] = []
    /// Refused now, unless the store has an entry by this client id from a time when the sender had the right.
    package var lookups: [(Submission, Refusal)] = []

    package init(submissions: [Submission] = []) { self.submissions = submissions }
}

/// An answer to one request.
package enum Answer: Sendable, Equatable {
    /// Stored, at its final place.
    case ack(Entry)
    case created(ConversationID, ClientID)
    /// The direct conversation is there already.
    case exists(ConversationID, ClientID)
    /// Done, without an entry.
    case ok
    case refused(Refusal)
}

/// Entries of one conversation that became durable together, in order, and who asked for each.
package struct Publication: Sendable, Equatable {
    package var conversation: ConversationID
    package var entries: [Entry] = []
    package var origins: [RequestOrigin] = []

    package init(conversation: ConversationID) { self.conversation = conversation }

    /// Hands the entries gathered so far over as one effect.
    package mutating func flush(into effects: inout [Effect]) {
        guard !self.entries.isEmpty else { return }
        effects.append(.publish(self))
        self.entries.removeAll()
        self.origins.removeAll()
    }
}

/// A place in a conversation, as those who deliver to it need to know it.
package struct RoomSeat: Sendable, Equatable {
    package var conversation: ConversationID
    /// The seat is live above this sequence.
    package var head: Int64
    /// The member's number in the conversation (R6), which says in which part of a large group he is served (R25); 0 where it is not
    /// known here.
    package var slot: Int32
    /// The first sequence that the member may see.
    package var visibleFrom: Int64

    package init(conversation: ConversationID, head: Int64, slot: Int32, visibleFrom: Int64) {
        self.conversation = conversation
        self.head = head
        self.slot = slot
        self.visibleFrom = visibleFrom
    }
}

/// Whose presence is asked for.
package enum PresenceSubject: Sendable, Equatable {
    case users([UserID])
    case conversation(ConversationID)
}

/// What the shell does after a turn, in this order.
package enum Effect: Sendable {
    /// Push to every member connected; the connection that asked gets its ack in the same place.
    case publish(Publication)
    case answer(RequestOrigin, Answer)
    /// The connection is live in these conversations, above their heads.
    case attached(RequestOrigin, UserID, [RoomSeat])
    /// The user's connections are live in the conversation, above its head.
    case join(UserID, RoomSeat)
    /// The conversation stands at this head: who has less pulls.
    case bell(ConversationID, head: Int64)
    /// The user's connections get nothing more of the conversation. Follows the entry that ended his membership, where there is one.
    case part(UserID, ConversationID)
    /// The user's connections, which have no seat in the conversation, hear where it stands: something in it concerns him.
    case told(UserID, ConversationID, head: Int64)
    /// The user may have lost the right to see others, and they that to see him.
    case apart(UserID)
    /// The user types in the conversation.
    case typing(UserID, ConversationID)
    /// The user's first connection came, or his last one went.
    case presence(UserID, online: Bool)
    /// The user's last connection went, of this name; the conversations that he is in.
    case gone(UserID, Set<ConversationID>, connection: String)
    /// The user does not let himself be seen any more.
    case hidden(UserID)
    /// Answers a question about presence: who of the subject is online (of a conversation: the first, and how many in all).
    case online(RequestOrigin, UserID, PresenceSubject, [UserID], count: Int, watch: Bool)
    /// Answers a question about counts.
    case receipts(RequestOrigin, ConversationID, [MessageReceipts])
    /// Answers a question about who has a message, as slots: the shell finds their names.
    case readers(ReceiptQuestion, ReaderPage)
    case record(ReceiptQuestion, ReceiptRecord)
    /// The counts of a connected sender's messages moved.
    case receiptsMoved(UserID, ConversationID, [MessageReceipts])
    /// The user's other connections learn how far he has read.
    case position(UserID, ConversationID, read: Int64, delivered: Int64, except: RequestOrigin)
}
