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
    /// Title, description, avatar, cap or rules changed.
    case changed = 7
    /// A user was banned, a member or not.
    case banned = 8
    case unbanned = 9
    /// A member was muted until a time, or is no longer.
    case muted = 10
    /// The owner made another member the owner.
    case transferred = 11
    /// The owner ended the group: it can be read, and left.
    case dissolved = 12
    /// A user joined by a link or an invitation.
    case joined = 13
    /// Users were invited.
    case invited = 14
    /// A user asked to join.
    case requested = 15
    /// An invitation, or a wish to join, came to nothing.
    case declined = 16
    /// An invite link was made or revoked.
    case link = 17
    /// A new version of a message's content.
    case edit = 18
    /// A message was taken back.
    case recall = 19
    /// A reaction to a message was set or taken away.
    case reaction = 20
    /// A message was pinned or unpinned.
    case pin = 21

    /// The name of the kind on the wire and in documents.
    package var name: String {
        switch self {
        case .message: "message"
        case .created: "created"
        case .added: "added"
        case .left: "left"
        case .removed: "removed"
        case .role: "role"
        case .changed: "changed"
        case .banned: "banned"
        case .unbanned: "unbanned"
        case .muted: "muted"
        case .transferred: "transferred"
        case .dissolved: "dissolved"
        case .joined: "joined"
        case .invited: "invited"
        case .requested: "requested"
        case .declined: "declined"
        case .link: "link"
        case .edit: "edit"
        case .recall: "recall"
        case .reaction: "reaction"
        case .pin: "pin"
        }
    }

    /// Whether the entry adds to the others' unread count. Only messages do.
    package var countsAsUnread: Bool { self == .message }

    /// Whether the entry is about one message, which `Entry.relatesTo` names: it changes how that one shows, not who may do what.
    package var hasTarget: Bool {
        switch self {
        case .edit, .recall, .reaction, .pin: true
        default: false
        }
    }

    /// Whether what was decided before this entry may be wrong after it: membership, roles, rules.
    package var changesRights: Bool { self != .message && !self.hasTarget }
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
    /// The sequence that this entry relates to: what a message replies to, what an edit, recall, reaction or pin is about; 0 for
    /// none. Indexed by the store.
    package var relatesTo: Int64
    /// The sequence of the message whose thread this message stands in; 0 for none. Indexed by the store.
    package var thread: Int64
    /// A JSON object as it came from the sender (checked), or as made for the kind. Unknown fields are kept.
    package var content: [UInt8]

    package init(
        conversation: ConversationID, sequence: Int64, id: Int64, stamp: Int64, kind: EntryKind, sender: UserID,
        clientID: ClientID,
        time: Int64, messageOrdinal: Int64, senderOrdinal: Int64, relatesTo: Int64 = 0, thread: Int64 = 0,
        content: [UInt8]
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
        self.thread = thread
        self.content = content
    }
}
