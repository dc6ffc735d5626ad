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
    /// The names of users, for those who share a conversation with them or are themselves; unknown ones are left out.
    func profiles(of users: [UserID]) throws(ReadFailure) -> [UserProfile]
}

package enum ReadFailure: Error, Sendable, Equatable {
    /// No such conversation, or the user was never in it: the same answer for both.
    case notMember
    case store(StoreFailure)
}

/// A page of a conversation.
package struct Page: Sendable, Equatable {
    package var entries: [Entry]
    /// The newest sequence that this member may see.
    package var head: Int64
    /// Whether there is more in the direction asked for.
    package var more: Bool

    package init(entries: [Entry], head: Int64, more: Bool) {
        self.entries = entries
        self.head = head
        self.more = more
    }
}

/// A line of a user's conversation list (R35).
package struct ConversationSummary: Sendable, Equatable {
    package var head: ConversationHead
    package var membership: Membership
    /// Messages of others after the read position: M(newest) - M(read) - own ones in between.
    package var unread: Int64
    /// The newest message that this member may see.
    package var preview: Entry?
    /// In a direct conversation, the other one.
    package var peer: UserID?
    /// Orders the list and is the sync position: the newest stamp of the head or of this membership.
    package var stamp: Int64

    package init(head: ConversationHead, membership: Membership, unread: Int64, preview: Entry?, peer: UserID?, stamp: Int64) {
        self.head = head
        self.membership = membership
        self.unread = unread
        self.preview = preview
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
