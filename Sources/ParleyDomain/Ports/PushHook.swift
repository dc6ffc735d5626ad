/// Wakes users who are not connected (R40). Where it leads (a phone's provider, an operator's service) is not Parley's business.
///
/// A notice is a hint, given at most once per interval and conversation; the pull is the truth. Called on a thread that may block, one
/// call at a time; what is thrown away is told again with the next message.
package protocol PushHook: Sendable {
    func wake(_ notices: [PushNotice])
}

package struct PushNotice: Sendable, Equatable {
    package var user: UserID
    package var conversation: ConversationID
    /// The newest message when the notice was made.
    package var sequence: Int64
    package var mentioned: Bool
    /// What the badge shows: unread messages of all conversations that count for it, up to 100 (R34).
    package var badge: Int64

    package init(user: UserID, conversation: ConversationID, sequence: Int64, mentioned: Bool, badge: Int64) {
        self.user = user
        self.conversation = conversation
        self.sequence = sequence
        self.mentioned = mentioned
        self.badge = badge
    }
}
