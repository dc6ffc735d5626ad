/// A change of membership or rules that one entry makes.
package enum MembershipChange: Sendable, Equatable {
    /// Makes the conversation, the sender its first member (owner, in a group), the users its others.
    case create(NewConversation, members: [UserID])
    /// Adds users that are not active members; those who are already are left as they are.
    case add([UserID])
    /// Ends a membership: the entry is the last that this user sees.
    case end(UserID)
    /// Gives an active member another role.
    case setRole(UserID, Role)
}

/// What a conversation is made with.
package struct NewConversation: Sendable, Equatable {
    package var kind: ConversationKind
    package var title: String
    package var memberCap: Int32
    package var historyVisible: Bool

    package init(
        kind: ConversationKind, title: String, memberCap: Int32 = Int32(Limits.membersPerGroup), historyVisible: Bool = true
    ) {
        self.kind = kind
        self.title = title
        self.memberCap = memberCap
        self.historyVisible = historyVisible
    }
}

/// An entry that has been decided and not yet stored: it has no sequence, ordinals, id or stamp.
package struct Draft: Sendable, Equatable {
    package var conversation: ConversationID
    package var sender: UserID
    package var clientID: ClientID
    package var kind: EntryKind
    /// What the sender's content was; empty for kinds whose content the change decides (`ControlContent`).
    package var content: [UInt8]
    package var change: MembershipChange?
    /// When the server accepted it, in milliseconds since 1970.
    package var time: Int64
    /// The control sequence of the conversation on which the decision rested. A store that finds a newer one
    /// answers `.stale` and stores nothing, so that a decision made on old rights never becomes an entry.
    package var decidedAt: Int64
    package var relatesTo: Int64

    package init(
        conversation: ConversationID, sender: UserID, clientID: ClientID, kind: EntryKind, content: [UInt8] = [],
        change: MembershipChange? = nil, time: Int64, decidedAt: Int64, relatesTo: Int64 = 0
    ) {
        self.conversation = conversation
        self.sender = sender
        self.clientID = clientID
        self.kind = kind
        self.content = content
        self.change = change
        self.time = time
        self.decidedAt = decidedAt
        self.relatesTo = relatesTo
    }
}

/// What became of one draft of a batch.
package enum AppendOutcome: Sendable, Equatable {
    /// Stored now, at its final place.
    case appended(Entry)
    /// The same client id with the same kind and content was stored before: here is that entry, unchanged.
    case duplicate(Entry)
    /// Not stored; the others of the batch are.
    case refused(AppendRefusal)
}

/// Why the store did not take a draft. Nothing of it was stored.
package enum AppendRefusal: Sendable, Equatable {
    /// The client id is taken by other content of the same sender in the same conversation.
    case conflict
    /// Membership or rules changed after the decision: decide again.
    case stale
    /// No such conversation.
    case unknownConversation
    /// A user named in the change does not exist.
    case unknownUser(UserID)
    /// The change would exceed the cap of members (R2).
    case groupFull
    /// The user to remove, or to give a role, is not an active member.
    case notMember(UserID)
    /// The store found the draft itself at fault (a value out of range); the text is for the log.
    case invalid(String)
}
