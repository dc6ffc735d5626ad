/// Reads the log for members: the reading half of a store shard.
///
/// Promises: every answer comes from one snapshot of committed data; a member is given exactly the sequences inside his
/// intervals (a group whose history is hidden: from his joining entry on), in order, without holes inside an interval;
/// rights are looked up in the same snapshot, never in a cache. The rows read per page do not grow with the history (R104).
///
/// All calls block; any thread may call, several at once. Nothing here runs on an event loop.
package protocol MessageReader: AnyObject, Sendable {
    /// Entries after `after`, oldest first (R30, R38).
    func entries(in conversation: ConversationID, for user: UserID, after: Int64, limit: Int) throws(ReadFailure) -> Page
    /// Entries before `before`, newest first (R31). `Int64.max` starts at the newest.
    func entries(in conversation: ConversationID, for user: UserID, before: Int64, limit: Int) throws(ReadFailure) -> Page
    /// The user's conversations that changed after `stamp` (0: all of them), least recently changed first, at most `limit`.
    func changes(for user: UserID, after stamp: Int64, limit: Int) throws(ReadFailure) -> [ConversationSummary]
    /// Members of a conversation, by slot, those after `slot`, at most `limit`; left ones too (R5).
    func members(of conversation: ConversationID, for user: UserID, afterSlot slot: Int32, limit: Int) throws(ReadFailure)
        -> [MemberProfile]
    /// The newest stamp of the store: nothing that was told bears a later one.
    func newestStamp() throws(ReadFailure) -> Int64
    /// The names of users; unknown ones are left out.
    func profiles(of users: [UserID]) throws(ReadFailure) -> [UserProfile]

    // MARK: Members

    /// Memberships that began, ended or changed after `stamp` (positions do not count), least recently changed first (R37).
    func members(of conversation: ConversationID, for user: UserID, changedAfter stamp: Int64, limit: Int) throws(ReadFailure)
        -> MemberChanges
    /// Users in this state, by id, those after `after`: for administrators (`.forbidden` for others).
    func members(of conversation: ConversationID, for user: UserID, in state: MemberState, after: String, limit: Int)
        throws(ReadFailure) -> [MemberProfile]
    /// The members who have these slots, in their order; what is no slot is left out.
    func members(of conversation: ConversationID, for user: UserID, slots: [Int32]) throws(ReadFailure) -> [MemberProfile]

    // MARK: Messages

    /// The messages of a thread after `after`, oldest first, the root first of all.
    func thread(of root: Int64, in conversation: ConversationID, for user: UserID, after: Int64, limit: Int) throws(ReadFailure)
        -> Page
    /// A message and its edits, those after `after`, oldest first, each with the content that it had; none once it was recalled.
    func revisions(of sequence: Int64, in conversation: ConversationID, for user: UserID, after: Int64, limit: Int)
        throws(ReadFailure) -> Page
    /// Who reacted with this emoji, by user id, those after `after`.
    func reactions(
        to sequence: Int64, emoji: String, in conversation: ConversationID, for user: UserID, after: String, limit: Int
    ) throws(ReadFailure) -> [UserProfile]
    /// The pinned messages, newest pin first.
    func pins(in conversation: ConversationID, for user: UserID) throws(ReadFailure) -> Page
    /// Messages of others after `after` that mention the user, oldest first.
    func mentions(of user: UserID, in conversation: ConversationID, after: Int64, limit: Int) throws(ReadFailure) -> Page
    /// Entries that changed rights, and recalls and pins, before `before`, newest first: for administrators.
    func audit(_ conversation: ConversationID, for user: UserID, before: Int64, limit: Int) throws(ReadFailure) -> Page

    // MARK: Links, records, settings

    /// The links of a conversation that can be used: all for administrators, one's own for others.
    func links(of conversation: ConversationID, for user: UserID, at now: Int64) throws(ReadFailure) -> [InviteLink]
    /// The link of this name, if it can be used, and how the user stands to its conversation.
    func link(_ id: String, for user: UserID, at now: Int64) throws(ReadFailure) -> LinkPreview?
    /// The conversation of a link, whether or not it can still be used: a repeated `join` asks by it.
    func conversation(ofLink id: String) throws(ReadFailure) -> ConversationID?
    /// Reports of messages that the user may see, those before the report `before`, newest first: for administrators.
    func reports(of conversation: ConversationID, for user: UserID, before: Int64, limit: Int) throws(ReadFailure) -> [Report]
    func blocks(of user: UserID) throws(ReadFailure) -> [UserProfile]
    func preferences(of user: UserID) throws(ReadFailure) -> Preferences
    /// The user's own JSON; nil if there is none.
    func data(of user: UserID, in conversation: ConversationID?) throws(ReadFailure) -> [UInt8]?
    /// When these users were last seen: those only who share a conversation with the user and let themselves be seen.
    func seen(_ users: [UserID], for user: UserID) throws(ReadFailure) -> [Seen]
    // MARK: Numbers

    /// Users with their numbers, in the order asked for; unknown ones are left out.
    ///
    /// Promise of all four: every user and every conversation has one number from 1 to 2^53-1, from when it is first stored on. It never
    /// changes, not by a new start of the server either, and no other user (conversation) ever gets it.
    func numbered(_ users: [UserID]) throws(ReadFailure) -> [NumberedUser]
    /// The user who has this number; nil if nobody has.
    func user(numbered number: Int64) throws(ReadFailure) -> NumberedUser?
    /// Conversations with their numbers, in the order asked for: those that the user is a member of.
    func numbered(_ conversations: [ConversationID], for user: UserID) throws(ReadFailure) -> [NumberedConversation]
    /// The conversation that has this number; nil if there is none, and also if the user is no member of it (A42).
    func conversation(numbered number: Int64, for user: UserID) throws(ReadFailure) -> NumberedConversation?

    // MARK: Waking

    /// Members to wake for messages that came together, by slot, those after `slot`; and what each one's badge shows (R40): for the newest of
    /// them that was not recalled, but for its sender; who wants to be woken by mentions, where any of them mentions him. None in groups
    /// of more than `Limits.membersWoken`.
    ///
    /// - Parameter messages: From the first of them to the last, by sequence.
    func recipients(of conversation: ConversationID, messages: ClosedRange<Int64>, afterSlot slot: Int32, limit: Int)
        throws(ReadFailure) -> [Recipient]
}

package enum ReadFailure: Error, Sendable, Equatable {
    /// No such conversation, or the user was never in it: the same answer for both.
    case notMember
    /// A member, but not of the role that this takes.
    case forbidden
    /// There is no such message, or the user may not see it.
    case noMessage
    case store(StoreFailure)
}

/// A page of a conversation, as it is at `head`.
///
/// An edited message has its newest content here. Content that may not be shown (of a recalled message, of an entry about a message
/// that the reader may not see) is empty.
package struct Page: Sendable, Equatable {
    package var entries: [Entry]
    /// By sequence: what later entries did to a message. Most have nothing here.
    package var states: [Int64: MessageState]
    /// The newest sequence that this member may see.
    package var head: Int64
    /// Whether there is more in the direction asked for.
    package var more: Bool

    package init(entries: [Entry], states: [Int64: MessageState] = [:], head: Int64, more: Bool) {
        self.entries = entries
        self.states = states
        self.head = head
        self.more = more
    }
}

/// What later entries did to a message.
package struct MessageState: Sendable, Equatable {
    /// The sequence of the newest edit; 0 for none.
    package var edited: Int64 = 0
    /// The sequence of the recall; 0 for none.
    package var recalled: Int64 = 0
    package var pinned = false
    /// Messages in its thread, up to `Limits.repliesShown`.
    package var replies: Int64 = 0
    /// In the order of their first use.
    package var reactions: [ReactionCount] = []

    package init(
        edited: Int64 = 0, recalled: Int64 = 0, pinned: Bool = false, replies: Int64 = 0, reactions: [ReactionCount] = []
    ) {
        self.edited = edited
        self.recalled = recalled
        self.pinned = pinned
        self.replies = replies
        self.reactions = reactions
    }
}

package struct ReactionCount: Sendable, Equatable {
    package var emoji: String
    package var count: Int64
    /// Whether the reader is one of them.
    package var mine: Bool

    package init(emoji: String, count: Int64, mine: Bool) {
        self.emoji = emoji
        self.count = count
        self.mine = mine
    }
}

/// A line of a user's conversation list (R35).
package struct ConversationSummary: Sendable, Equatable {
    package var head: ConversationHead
    package var membership: Membership
    /// Messages of others after the read position: M(newest) - M(read) - own ones in between - others' recalled ones in between.
    package var unread: Int64
    /// Those of them that mention the user, up to 100.
    package var mentions: Int64
    /// The newest message that this member may see.
    package var preview: Entry?
    package var previewState: MessageState?
    /// In a direct conversation, the other one.
    package var peer: UserID?
    /// Orders the list and is the sync position: the newest stamp of the head or of this membership.
    package var stamp: Int64

    package init(
        head: ConversationHead, membership: Membership, unread: Int64, mentions: Int64 = 0, preview: Entry?,
        previewState: MessageState? = nil, peer: UserID?, stamp: Int64
    ) {
        self.head = head
        self.membership = membership
        self.unread = unread
        self.mentions = mentions
        self.preview = preview
        self.previewState = previewState
        self.peer = peer
        self.stamp = stamp
    }
}

package struct UserProfile: Sendable, Equatable {
    package var user: UserID
    package var name: String

    package init(user: UserID, name: String) {
        self.user = user
        self.name = name
    }
}

package struct MemberProfile: Sendable, Equatable {
    package var profile: UserProfile
    package var membership: Membership

    package init(profile: UserProfile, membership: Membership) {
        self.profile = profile
        self.membership = membership
    }
}

/// What changed in a list of members, and where the next question goes on.
package struct MemberChanges: Sendable, Equatable {
    package var members: [MemberProfile]
    /// The stamp of the last change told, or of the newest there is.
    package var stamp: Int64
    package var more: Bool

    package init(members: [MemberProfile], stamp: Int64, more: Bool) {
        self.members = members
        self.stamp = stamp
        self.more = more
    }
}

package struct InviteLink: Sendable, Equatable {
    package var conversation: ConversationID
    package var link: NewLink
    package var user: UserID
    /// How often it was used.
    package var used: Int64

    package init(conversation: ConversationID, link: NewLink, user: UserID, used: Int64) {
        self.conversation = conversation
        self.link = link
        self.user = user
        self.used = used
    }
}

/// What who has a link learns before he joins.
package struct LinkPreview: Sendable, Equatable {
    package var head: ConversationHead
    /// How the user stands to the conversation; nil for who never had to do with it.
    package var membership: Membership?

    package init(head: ConversationHead, membership: Membership?) {
        self.head = head
        self.membership = membership
    }
}

package struct Report: Sendable, Equatable {
    /// Rises with every report.
    package var number: Int64
    package var sequence: Int64
    package var user: UserID
    package var reason: String
    /// In milliseconds since 1970.
    package var time: Int64

    package init(number: Int64, sequence: Int64, user: UserID, reason: String, time: Int64) {
        self.number = number
        self.sequence = sequence
        self.user = user
        self.reason = reason
        self.time = time
    }
}

package struct Seen: Sendable, Equatable {
    package var user: UserID
    /// When his last connection ended, in milliseconds since 1970; 0 for never.
    package var time: Int64

    package init(user: UserID, time: Int64) {
        self.user = user
        self.time = time
    }
}

package struct Recipient: Sendable, Equatable {
    package var user: UserID
    package var slot: Int32
    /// The message that wakes him.
    package var sequence: Int64
    /// Whether one of the messages mentions him.
    package var mentioned: Bool
    /// Unread messages in all his conversations that count for a badge by his levels, up to 100.
    package var badge: Int64

    package init(user: UserID, slot: Int32, sequence: Int64, mentioned: Bool, badge: Int64) {
        self.user = user
        self.slot = slot
        self.sequence = sequence
        self.mentioned = mentioned
        self.badge = badge
    }
}
