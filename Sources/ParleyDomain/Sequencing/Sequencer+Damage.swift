/// What is done about things that the store has, but damaged.
extension Sequencer {
    /// The picked commands that rest on none of these things. The others are answered, and so are the questions, positions and typists that do.
    package mutating func leaveOut(_ damaged: Unknown, of picked: [Submission], _ effects: inout [Effect]) -> [Submission] {
        guard !damaged.isEmpty else { return picked }
        let refused = Answer.refused(Self.refusal(for: .corrupt("")))
        func rests(on id: ConversationID, _ users: [UserID]) -> Bool {
            damaged.conversations.contains(id)
                || users.contains { damaged.places.contains(Unknown.Place(conversation: id, user: $0)) }
        }
        for question in self.questions where rests(on: question.conversation, [question.user]) {
            effects.append(.answer(question.origin, refused))
        }
        self.questions.removeAll { rests(on: $0.conversation, [$0.user]) }
        for position in self.unplaced where rests(on: position.update.conversation, [position.update.user]) {
            effects.append(.answer(position.origin, refused))
        }
        self.unplaced.removeAll { rests(on: $0.update.conversation, [$0.update.user]) }
        for typist in self.typists where rests(on: typist.conversation, [typist.user]) {
            effects.append(.answer(typist.origin, refused))
        }
        self.typists.removeAll { rests(on: $0.conversation, [$0.user]) }
        return picked.filter { submission in
            let (command, user) = (submission.command, submission.user)
            let targets = [Self.target(of: submission), self.quoted(by: submission)].compactMap { $0 }
            guard
                rests(on: command.conversation, Conversation.users(named: command, by: user))
                    || targets.contains(where: { damaged.targets.contains($0) })
            else { return true }
            effects.append(.answer(submission.origin, refused))
            return false
        }
    }
}
