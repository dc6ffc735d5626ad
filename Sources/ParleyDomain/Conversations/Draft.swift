/// What an entry does besides standing in the log: to memberships, rules, links, or a message.
///
/// Every store does the same for the same change (`MessageStoreContract`), in the transaction of the entry.
package enum Change: Sendable, Equatable {
    /// Makes the conversation, the sender its first member (owner, in a group), the users its others.
    case create(NewConversation, members: [UserID])
    /// Makes users members who are not, whatever else they were (but banned ones: `.refused(.banned)`); those who are, are left as they are.
    case add([UserID])
    /// The sender becomes a member, by the link of this name (`.refused(.badLink)` if it cannot be used), or by an invitation (nil).
    case join(link: String?)
    /// The sender asks to come in, by a link.
    case request(link: String)
    /// Ends a membership: the entry is the last that this user sees.
    case end(UserID)
    /// Ends a membership if there is one, and keeps the user out.
    case ban(UserID)
    case unban(UserID)
    /// Invites users who are neither members nor banned, nor have asked to join; the others are left as they are.
    case invite([UserID])
    /// Ends an invitation or a wish to join.
    case decline(UserID)
    /// Gives an active member another role.
    case setRole(UserID, Role)
    /// Makes a member the owner, who is muted no longer, and the sender an administrator.
    case transfer(UserID)
    case mute(UserID, until: Int64)
    case settings(SettingsChange)
    case dissolve
    case makeLink(NewLink)
    case revokeLink(String)
    /// The draft's content is the message's from here on.
    case edit(target: Int64)
    case recall(target: Int64)
    case react(target: Int64, emoji: String, on: Bool)
    case pin(target: Int64, on: Bool)
}

extension Change {
    /// The message that the change is about; 0 for none.
    package var target: Int64 {
        switch self {
        case .edit(let target), .recall(let target), .react(let target, _, _), .pin(let target, _): target
        default: 0
        }
    }

    /// The kinds of entries that make this change.
    package var kinds: [EntryKind] {
        switch self {
        case .create: [.created]
        case .add: [.added]
        case .join: [.joined]
        case .request: [.requested]
        case .end: [.left, .removed]
        case .ban: [.banned]
        case .unban: [.unbanned]
        case .invite: [.invited]
        case .decline: [.declined]
        case .setRole: [.role]
        case .transfer: [.transferred]
        case .mute: [.muted]
        case .settings: [.changed]
        case .dissolve: [.dissolved]
        case .makeLink, .revokeLink: [.link]
        case .edit: [.edit]
        case .recall: [.recall]
        case .react: [.reaction]
        case .pin: [.pin]
        }
    }
}

/// What a conversation is made with.
package struct NewConversation: Sendable, Equatable {
    package var kind: ConversationKind
    package var title: String
    package var memberCap: Int32
    package var historyVisible: Bool
    package var description: String
    package var avatar: String
    package var rules: GroupRules

    package init(
        kind: ConversationKind, title: String, memberCap: Int32 = Int32(Limits.membersPerGroup), historyVisible: Bool = true,
        description: String = "", avatar: String = "", rules: GroupRules = GroupRules()
    ) {
        self.kind = kind
        self.title = title
        self.memberCap = memberCap
        self.historyVisible = historyVisible
        self.description = description
        self.avatar = avatar
        self.rules = rules
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
    package var change: Change?
    /// When the server accepted it, in milliseconds since 1970.
    package var time: Int64
    /// The control sequence of the conversation on which the decision rested. A store that finds a newer one
    /// answers `.stale` and stores nothing, so that a decision made on old rights never becomes an entry.
    package var decidedAt: Int64
    package var relatesTo: Int64
    /// The message whose thread the message stands in; 0 for none.
    package var thread: Int64
    /// The users whom the message mentions, or an edit, which mentions nobody anew. Each of a message's costs one row; a user that does
    /// not exist refuses the draft.
    package var mentions: [UserID]
    /// The message mentions everybody: one row, whatever the members.
    package var mentionsAll: Bool
    /// What was asked for, where the content does not tell (a forwarded message): a repeat is told by it instead of the content.
    package var asked: [UInt8]

    package init(
        conversation: ConversationID, sender: UserID, clientID: ClientID, kind: EntryKind, content: [UInt8] = [],
        change: Change? = nil, time: Int64, decidedAt: Int64, relatesTo: Int64 = 0, thread: Int64 = 0,
        mentions: [UserID] = [], mentionsAll: Bool = false, asked: [UInt8] = []
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
        self.thread = thread
        self.mentions = mentions
        self.mentionsAll = mentionsAll
        self.asked = asked
    }
}

/// What became of one draft of a batch.
package enum AppendOutcome: Sendable, Equatable {
    /// Stored now, at its final place; and who became a member by it.
    case appended(Entry, joined: [Joiner] = [])
    /// The same client id with the same kind and content was stored before: here is that entry, unchanged.
    case duplicate(Entry)
    /// A reaction or pin that is as asked for already: nothing was stored, and its client id is free.
    case unchanged
    /// Not stored; the others of the batch are.
    case refused(AppendRefusal)
}

/// A user whom an entry made a member.
package struct Joiner: Sendable, Equatable {
    package var user: UserID
    /// New, or the one that he had before (R5).
    package var slot: Int32
    /// The first sequence that he may see.
    package var visibleFrom: Int64

    /// False for who has his receipts off: he is not counted from his first entry on (R54).
    package var isCounted: Bool

    package init(user: UserID, slot: Int32, visibleFrom: Int64, isCounted: Bool = true) {
        self.user = user
        self.slot = slot
        self.visibleFrom = visibleFrom
        self.isCounted = isCounted
    }
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
    /// The user to remove, to mute or to give a role is not an active member; or not banned, invited, ...: not in the state that the
    /// change starts from.
    case notMember(UserID)
    /// The user is banned.
    case banned(UserID)
    /// One of the two has blocked the other: no direct conversation of theirs is made.
    case blocked
    /// None of the users is let in, or invited, by it: they are that already, or are left out.
    case nobody
    /// The user has asked to join: administrators let him in, others do not, whatever they may add.
    case requested(UserID)
    /// The link cannot be used: unknown, revoked, expired, used up, or of another conversation.
    case badLink
    /// More of something than a conversation, or a message, may have; the text names it.
    case tooMany(String)
    /// The message was recalled before.
    case recalled
    /// The store found the draft itself at fault (a value out of range); the text is for the log.
    case invalid(String)
    /// Stored bytes that the draft depends on fail their check; the text is for the log.
    case corrupt(String)
}
