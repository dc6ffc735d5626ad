/// A change that is no entry of a log: of one user's own settings, or between him and the operator's records. The same again changes
/// nothing, so it needs no client id.
package enum Note: Sendable, Equatable {
    /// No direct messages, invitations and additions from this user any more, or again.
    case block(UserID, by: UserID, on: Bool)
    /// A message that the reporter may see; once per reporter and message.
    case report(ConversationID, sequence: Int64, by: UserID, reason: String, time: Int64)
    /// Takes the reports of a message off the list: by an administrator who may see the message.
    case resolve(ConversationID, sequence: Int64, by: UserID)
    case notify(ConversationID, UserID, NotifyLevel)
    /// Nil leaves a preference as it is. Receipts off excludes the user from the counts of what is sent from now on (R54).
    case preferences(UserID, receipts: Bool?, presence: Bool?)
    /// The user's own JSON: of his account, or of one conversation.
    case data(UserID, ConversationID?, [UInt8])
    /// When the user's last connection ended, in milliseconds since 1970.
    case seen(UserID, at: Int64)
}

/// What a user lets others see of him; unless set, everything.
package struct Preferences: Sendable, Equatable {
    /// Whether senders learn that he has read (R54).
    package var receipts: Bool
    /// Whether others learn that he is online, and when he was seen (B2).
    package var presence: Bool

    package init(receipts: Bool = true, presence: Bool = true) {
        self.receipts = receipts
        self.presence = presence
    }
}

package enum NoteOutcome: Sendable, Equatable {
    case done
    /// Receipts went off or on: in each conversation from the entry after this head on.
    case receipts([ReceiptsTurn])
    case refused(NoteRefusal)
}

/// From which entry on a member's receipts are off, or on again, in one conversation.
package struct ReceiptsTurn: Sendable, Equatable {
    package var conversation: ConversationID
    package var slot: Int32
    package var head: Int64
    package var on: Bool

    package init(conversation: ConversationID, slot: Int32, head: Int64, on: Bool) {
        self.conversation = conversation
        self.slot = slot
        self.head = head
        self.on = on
    }
}

package enum NoteRefusal: Sendable, Equatable {
    case notMember
    /// For owner and administrators only.
    case forbidden
    case unknownUser(UserID)
    /// There is no such message, or the user may not see it.
    case noMessage
    case tooMany
    /// Stored bytes that the note depends on fail their check; the text is for the log.
    case corrupt(String)
}

/// A message that a command is about, and whose command it is.
package struct TargetQuery: Sendable, Hashable {
    package var conversation: ConversationID
    package var sequence: Int64
    package var user: UserID

    package init(conversation: ConversationID, sequence: Int64, user: UserID) {
        self.conversation = conversation
        self.sequence = sequence
        self.user = user
    }
}

/// What a decision needs to know of the message that a command is about.
package struct Target: Sendable, Equatable {
    package var sender: UserID
    package var kind: EntryKind
    package var time: Int64
    package var recalled: Bool
    /// The thread it stands in; 0 for none.
    package var thread: Int64
    /// Whether the user who asks may see it.
    package var visible: Bool

    package init(sender: UserID, kind: EntryKind, time: Int64, recalled: Bool = false, thread: Int64 = 0, visible: Bool = true) {
        self.sender = sender
        self.kind = kind
        self.time = time
        self.recalled = recalled
        self.thread = thread
        self.visible = visible
    }
}
