import ParleyDomain
import ParleyWire

/// Names that a translation lacks.
struct CompatQuestion: Sendable, Equatable {
    enum Subject: Sendable, Equatable {
        /// The group of a number; or the user of a number, with the private conversation of the two if there is one.
        case target(CompatTarget)
        case names([UserID], [ConversationID])
    }

    /// Which of the translation's lines waits for it.
    enum Line: Sendable, Equatable {
        case asked, written
    }

    var line: Line
    var subject: Subject

    /// Looks them up for this user, who is told of no conversation that he is not in.
    func answer(from reader: any MessageReader, for user: UserID) throws(ReadFailure) -> CompatFacts {
        var facts = CompatFacts()
        switch self.subject {
        case .target(.group(let number)):
            if let known = try reader.conversation(numbered: number, for: user), known.kind == .group {
                facts.conversations = [known]
            }
        case .target(.user(let number)):
            guard let peer = try reader.user(numbered: number) else { return facts }
            facts.users = [peer]
            facts.conversations = try reader.numbered([Engine.directConversation(of: user, peer.profile.user)], for: user)
        case .names(let users, let conversations):
            facts.conversations = try reader.numbered(conversations, for: user)
            facts.users = try reader.numbered(Array(Set(users + facts.conversations.compactMap(\.peer))))
        }
        return facts
    }
}

/// What was found of it; what is not here does not exist for the user.
struct CompatFacts: Sendable, Equatable {
    var users: [NumberedUser] = []
    var conversations: [NumberedConversation] = []
}
