/// A user and his number, for clients that name users by numbers (decision 0013).
package struct NumberedUser: Sendable, Equatable {
    package var profile: UserProfile
    package var number: Int64

    package init(profile: UserProfile, number: Int64) {
        self.profile = profile
        self.number = number
    }
}

/// A conversation and its number, as one of its members sees it.
package struct NumberedConversation: Sendable, Equatable {
    package var conversation: ConversationID
    package var number: Int64
    package var kind: ConversationKind
    package var title: String
    /// In a direct conversation, the other one.
    package var peer: UserID?

    package init(conversation: ConversationID, number: Int64, kind: ConversationKind, title: String, peer: UserID? = nil) {
        self.conversation = conversation
        self.number = number
        self.kind = kind
        self.title = title
        self.peer = peer
    }
}
