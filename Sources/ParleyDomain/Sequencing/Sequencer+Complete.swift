extension Sequencer {
    /// Says what follows from a stored batch. Commands decided on old rights go back to the head of their lanes.
    package mutating func complete(_ batch: Batch, _ outcomes: [AppendOutcome]) -> [Effect] {
        var effects = batch.answers
        var current = Publication(conversation: ConversationID(trusted: ""))
        var stale: [Submission] = []
        for (index, outcome) in outcomes.enumerated() where index < batch.submissions.count {
            let submission = batch.submissions[index]
            let change = batch.drafts[index].change
            switch outcome {
            case .appended(let entry, let joined):
                // An entry that does something stands alone: some of its receivers may get it without its content.
                if current.conversation != entry.conversation || change != nil {
                    current.flush(into: &effects)
                    current = Publication(conversation: entry.conversation)
                }
                self.apply(entry, change, joined, submission, &current, &effects)
            case .duplicate(let entry):
                current.flush(into: &effects)
                effects.append(.answer(submission.origin, Self.answer(for: entry)))
            case .unchanged: effects.append(.answer(submission.origin, .ok))
            case .refused(.stale):
                // Looked up anew, with all that is known of it.
                self.conversations[submission.command.conversation] = nil
                stale.append(submission)
            case .refused(let refusal):
                effects.append(.answer(submission.origin, .refused(Self.refusal(for: refusal, submission.command))))
            }
        }
        current.flush(into: &effects)
        for submission in stale.reversed() { self.retry(submission, &effects) }
        return effects
    }

    private mutating func retry(_ submission: Submission, _ effects: inout [Effect]) {
        guard submission.attempts < 3 else {
            effects.append(.answer(submission.origin, .refused(Refusal(.rightsChanged))))
            return
        }
        var again = submission
        again.attempts += 1
        self.enqueue(again, first: true)
    }

    private mutating func apply(
        _ entry: Entry, _ change: Change?, _ joined: [Joiner], _ submission: Submission, _ current: inout Publication,
        _ effects: inout [Effect]
    ) {
        let id = entry.conversation
        if case .create(let new, _) = change, self.conversations[id] == nil {
            self.conversations[id] = Conversation(head: Self.firstHead(id, new, members: joined.count))
            self.noteIdle(id)
        }
        let parting = self.parting(change, entry)
        self.note(entry, change, joined)
        // By its place, which is looked up once: what is written into a dictionary by key is moved out and back in.
        if let place = self.conversations.index(forKey: id) {
            if entry.kind == .message, self.attached[entry.sender] != nil { self.conversations.values[place].follow(entry) }
            self.conversations.values[place].apply(entry, change, joined: joined)
            if let change { self.conversations.values[place].unfollow(after: change) }
        }
        self.seat(joined, by: entry, &effects)
        current.entries.append(entry)
        current.origins.append(entry.kind == .created ? .nobody : submission.origin)
        guard change != nil else { return }
        current.flush(into: &effects)
        if case .create = change { effects.append(.answer(submission.origin, .created(id, entry.clientID))) }
        self.tellOutsiders(change, entry, &effects)
        guard let parting else { return }
        self.exit(parting, id)
        effects.append(.part(parting, id))
    }

    /// Whoever an entry concerns and who has no seat hears of it by its head: who was invited, asked to be let in, or was declined.
    private func tellOutsiders(_ change: Change?, _ entry: Entry, _ effects: inout [Effect]) {
        let users: [UserID] =
            switch change {
            case .invite(let users): users
            case .request: [entry.sender]
            case .decline(let user): [user]
            default: []
            }
        for user in users {
            guard let attached = self.attached[user], !attached.conversations.contains(entry.conversation) else { continue }
            effects.append(.told(user, entry.conversation, head: entry.sequence))
        }
    }

    private static func firstHead(_ id: ConversationID, _ new: NewConversation, members: Int) -> ConversationHead {
        ConversationHead(
            conversation: id, kind: new.kind, title: new.title, memberCount: Int32(clamping: members), memberCap: new.memberCap,
            lastSlot: Int32(clamping: members), historyVisible: new.historyVisible, description: new.description,
            avatar: new.avatar, rules: new.rules)
    }

    /// Gives seats to those who became members and are connected, below the entry that let them in.
    private mutating func seat(_ joined: [Joiner], by entry: Entry, _ effects: inout [Effect]) {
        for joiner in joined where self.attached[joiner.user] != nil {
            self.enter(joiner.user, entry.conversation)
            effects.append(
                .join(
                    joiner.user,
                    RoomSeat(
                        conversation: entry.conversation, head: entry.sequence - 1, slot: joiner.slot,
                        visibleFrom: joiner.visibleFrom)))
        }
    }

    /// Whose membership the entry ends: he gets it, and nothing after it.
    private func parting(_ change: Change?, _ entry: Entry) -> UserID? {
        switch change {
        case .end(let user): user
        case .ban(let user): self.attached[user]?.conversations.contains(entry.conversation) == true ? user : nil
        default: nil
        }
    }

    /// Who is in or out of the conversation if the draft was stored.
    private static func moving(_ draft: Draft) -> [UserID] {
        switch draft.change {
        case .create(_, let members): [draft.sender] + members
        case .add(let users), .invite(let users): users
        case .join, .request: [draft.sender]
        case .end(let user), .ban(let user), .unban(let user), .decline(let user), .setRole(let user, _), .mute(let user, _):
            [user]
        case .transfer(let user): [user, draft.sender]
        default: []
        }
    }

    /// The answer that a stored entry gives to whoever asked for it.
    package static func answer(for entry: Entry) -> Answer {
        entry.kind == .created ? .created(entry.conversation, entry.clientID) : .ack(entry)
    }

    private static func refusal(for refusal: AppendRefusal, _ command: Command) -> Refusal {
        switch refusal {
        case .conflict: Refusal(.clientIDConflict, field: "client_id")
        case .stale: Refusal(.rightsChanged)
        case .unknownConversation: Refusal(.notMember)
        case .unknownUser(let user): Refusal(.unknownUser, field: Self.usersField(command), rule: "there is no user \(user)")
        case .groupFull: Refusal(.groupFull)
        case .notMember(let user): Refusal(.unknownUser, field: "user", rule: "\(user) is in the state that this starts from")
        case .banned(let user): Refusal(.forbidden, field: Self.usersField(command), rule: "\(user) is banned: unban him first")
        case .blocked: Refusal(.blocked)
        case .nobody: Refusal(.unknownUser, field: Self.usersField(command), rule: "at least one user whom it concerns")
        case .requested(let user):
            Refusal(.forbidden, field: Self.usersField(command), rule: "\(user) has asked to join: administrators let him in")
        case .badLink: Refusal(.badLink, field: "link")
        case .tooMany(let what): Refusal(.tooMany, rule: what)
        case .recalled: Refusal(.recalled, field: "target")
        case .invalid, .corrupt: Refusal(.internalError)
        }
    }

    /// Where in the request the users stand whom the store looked up.
    private static func usersField(_ command: Command) -> String {
        switch command.action {
        case .create: "members"
        case .add, .invite: "users"
        case .send, .edit: "content.mentions"
        default: "user"
        }
    }

    /// What is told when the store did not do what was asked.
    package static func refusal(for failure: StoreFailure) -> Refusal {
        switch failure {
        case .unavailable: Refusal(.unavailable, retryMilliseconds: 1_000)
        case .full: Refusal(.diskFull, retryMilliseconds: 5_000)
        case .outcomeUnknown: Refusal(.outcomeUnknown, retryMilliseconds: 1_000)
        case .corrupt: Refusal(.internalError)
        }
    }

    /// Says what follows from a batch that failed as a whole: everybody is told. Where the batch may be stored all the same, what it
    /// would have changed is in doubt, and looked up before anything else is decided.
    package mutating func fail(_ batch: Batch, _ failure: StoreFailure) -> [Effect] {
        var effects = batch.answers
        let refusal = Self.refusal(for: failure)
        if case .outcomeUnknown = failure { for draft in batch.drafts { self.doubt(draft) } }
        for submission in batch.submissions { effects.append(.answer(submission.origin, .refused(refusal))) }
        return effects
    }

    private mutating func doubt(_ draft: Draft) {
        let moving = Self.moving(draft)
        self.doubts[draft.conversation, default: []].formUnion(moving)
        self.conversations[draft.conversation]?.doubt(moving)
    }
}
