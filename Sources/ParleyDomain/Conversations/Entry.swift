/// What an entry of a conversation's log is.
package enum EntryKind: UInt8, Sendable, CaseIterable {
    /// A message that a member sent. Counts as unread for the others.
    case message = 1
    /// The conversation was made; names the first members. Always sequence 1.
    case created = 2
    /// Members were added: one entry, however many.
    case added = 3
    /// A member left by himself.
    case left = 4
    /// A member was removed by an owner or administrator.
    case removed = 5
    /// A member's role changed.
    case role = 6

    /// The name of the kind on the wire and in documents.
    package var name: String {
        switch self {
        case .message: "message"
        case .created: "created"
        case .added: "added"
        case .left: "left"
        case .removed: "removed"
        case .role: "role"
        }
    }

    /// Whether the entry adds to the others' unread count. Only messages do.
    package var countsAsUnread: Bool { self == .message }
}

/// One entry of a conversation's log: immutable, durable, at its final place.
///
/// `(conversation, sequence)` names it for ever; `id` serves look-up only and never decides order.
package struct Entry: Sendable, Equatable {
    /// The version of the stored form. 1 is the first.
    package static let formatVersion: UInt8 = 1

    package var conversation: ConversationID
    /// Dense from 1 within the conversation, no holes.
    package var sequence: Int64
    /// 64-bit, unique, rising with time (R15). Text on the wire.
    package var id: Int64
    /// The change stamp of the store shard: rises with every committed change.
    package var stamp: Int64
    package var kind: EntryKind
    package var sender: UserID
    package var clientID: ClientID
    /// When the server accepted it, in milliseconds since 1970.
    package var time: Int64
    /// Messages in the conversation up to and including this entry.
    package var messageOrdinal: Int64
    /// The sender's own messages in the conversation up to and including this entry.
    package var senderOrdinal: Int64
    /// The sequence that this entry relates to (a reply, an edit); 0 for none. Indexed by the store.
    package var relatesTo: Int64
    /// A JSON object as it came from the sender (checked), or as made for the kind. Unknown fields are kept.
    package var content: [UInt8]

    package init(
        conversation: ConversationID, sequence: Int64, id: Int64, stamp: Int64, kind: EntryKind, sender: UserID,
        clientID: ClientID,
        time: Int64, messageOrdinal: Int64, senderOrdinal: Int64, relatesTo: Int64 = 0, content: [UInt8]
    ) {
        self.conversation = conversation
        self.sequence = sequence
        self.id = id
        self.stamp = stamp
        self.kind = kind
        self.sender = sender
        self.clientID = clientID
        self.time = time
        self.messageOrdinal = messageOrdinal
        self.senderOrdinal = senderOrdinal
        self.relatesTo = relatesTo
        self.content = content
    }
}
