import DequeModule

/// Orders the commands of one store shard, decides them, and says what follows from what became durable.
///
/// One turn of the shell that runs it:
///
/// 1. `pick` takes the next commands, fairly: lanes (one per conversation) take turns, a hot one gets at most
///    `Limits.draftsPerConversationAndBatch` of a batch, and a command that changes more than the log is the last
///    of its conversation in its batch (`Command.endsBatch`), so that no decision rests on what the same batch changes.
/// 2. `unknown` says what must be looked up first; `learn` takes the answers.
/// 3. `decide` gives the drafts of the batch; the shell stores them in one transaction.
/// 4. `complete` (or `fail`) gives the effects: what to push, whom to answer.
///
/// While the shell stores a batch, new commands gather here; when it is idle the first one goes at once. So a commit is shared
/// exactly when there is something to share it with, and nobody waits on purpose.
package struct Sequencer: Sendable {
    struct Lane {
        var waiting: Deque<Submission> = []
    }

    var lanes: [ConversationID: Lane] = [:]
    /// Conversations with waiting commands, in the order of their turns.
    var turns: Deque<ConversationID> = []
    var conversations: [ConversationID: Conversation] = [:]
    /// How many connections each connected user has, and in which conversations he is.
    var attached: [UserID: Attached] = [:]
    /// By conversation: its members who have a connection here. The other direction of `attached`.
    var online: [ConversationID: Set<UserID>] = [:]
    /// Held conversations with no member connected, in the order in which they became that; one may stand here twice, or not be held any more.
    var idle: Deque<ConversationID> = []
    /// Conversations of which more places are known than need be.
    var crowded: Set<ConversationID> = []
    var waitingCount = 0
    var positions: [PositionKey: PositionUpdate] = [:]
    /// Whose positions wait: nobody's are looked for in vain.
    var movers: Set<UserID> = []
    /// Conversations of batches whose outcome is unknown, and the users who are in or out of them if they were stored.
    var doubts: [ConversationID: Set<UserID>] = [:]

    /// Questions about receipts that wait for an answer.
    var questions: [ReceiptQuestion] = []
    var desks: [ConversationID: ReceiptDesk] = [:]
    /// Desks that are being loaded, in the order of their turns.
    var loading: Deque<ConversationID> = []
    /// Desks in which a position moved since the last tick.
    var moved: [ConversationID] = []
    /// Positions of users who are not connected here: they wait until their places were looked up.
    var unplaced: [UnplacedPosition] = []
    /// Who types and waits likewise.
    var typists: [Typist] = []

    struct UnplacedPosition {
        var origin: RequestOrigin
        var update: PositionUpdate
    }

    struct Typist {
        var origin: RequestOrigin
        var user: UserID
        var conversation: ConversationID
    }

    struct Attached {
        var connections = 0
        var conversations: Set<ConversationID> = []
    }

    struct PositionKey: Hashable {
        var conversation: ConversationID
        var user: UserID
    }

    package init() {}

    /// Commands that wait for a decision.
    package var waiting: Int { self.waitingCount }
    /// Whether `unknown` has something to ask though nothing was picked: what became of a batch whose outcome is unknown.
    package var hasDoubts: Bool { !self.doubts.isEmpty }
    /// Whether something waits for a look-up though no command was picked.
    package var needsLookup: Bool {
        self.hasDoubts || !self.unplaced.isEmpty || !self.typists.isEmpty || !self.questions.isEmpty
    }
    /// Whether this conversation is held.
    package func knows(_ id: ConversationID) -> Bool { self.conversations[id] != nil }
    /// Whether positions wait to be written.
    package var hasPositions: Bool { !self.positions.isEmpty }

    // MARK: Commands

    /// Puts a command into its lane; a refusal if too many wait already.
    package mutating func submit(_ submission: Submission) -> Refusal? {
        guard self.waitingCount < Limits.waitingCommands else { return Refusal(.overloaded, retryMilliseconds: 1_000) }
        self.enqueue(submission, first: false)
        return nil
    }

    mutating func enqueue(_ submission: Submission, first: Bool) {
        let conversation = submission.command.conversation
        let waiting = self.lanes[conversation, default: Lane()].add(submission, first: first)
        self.waitingCount += 1
        if waiting == 1 { self.turns.append(conversation) }
    }

    /// Takes the commands of the next batch out of their lanes.
    package mutating func pick() -> [Submission] {
        var picked: [Submission] = []
        picked.reserveCapacity(min(self.waitingCount, Limits.draftsPerBatch))
        var bytes = 0
        for _ in 0..<self.turns.count {
            guard picked.count < Limits.draftsPerBatch, bytes < Limits.bytesPerBatch, let conversation = self.turns.popFirst()
            else { break }
            let room = min(Limits.draftsPerConversationAndBatch, Limits.draftsPerBatch - picked.count)
            let more = self.lanes[conversation]?.take(room, into: &picked, &bytes) ?? false
            if more {
                self.turns.append(conversation)
            } else {
                self.lanes[conversation] = nil
            }
        }
        self.waitingCount -= picked.count
        return picked
    }

    /// What must be looked up before these commands can be decided. Doubts come first, whatever was picked: until they are settled
    /// a member who was removed may still have his seat, and one who was added none.
    package func unknown(for picked: [Submission]) -> Unknown {
        var unknown = Unknown()
        for (id, users) in self.doubts {
            unknown.conversations.insert(id)
            for user in users where self.attached[user] != nil {
                unknown.places.insert(Unknown.Place(conversation: id, user: user))
            }
        }
        for submission in picked {
            let id = submission.command.conversation
            let conversation = self.conversations[id]
            if conversation?.headIsCurrent != true { unknown.conversations.insert(id) }
            for user in Conversation.users(named: submission.command, by: submission.user) where conversation?.knows(user) != true
            {
                unknown.places.insert(Unknown.Place(conversation: id, user: user))
            }
            if let query = Self.target(of: submission) { unknown.targets.insert(query) }
            if let query = self.quoted(by: submission) { unknown.targets.insert(query) }
        }
        self.addPlaces(of: self.questions, to: &unknown)
        for position in self.unplaced {
            let id = position.update.conversation
            if self.conversations[id]?.headIsCurrent != true { unknown.conversations.insert(id) }
            unknown.places.insert(Unknown.Place(conversation: id, user: position.update.user))
        }
        for typist in self.typists {
            if self.conversations[typist.conversation]?.headIsCurrent != true {
                unknown.conversations.insert(typist.conversation)
            }
            unknown.places.insert(Unknown.Place(conversation: typist.conversation, user: typist.user))
        }
        return unknown
    }

    /// The message that a decision about this command rests on; nil where there is none.
    static func target(of submission: Submission) -> TargetQuery? {
        var sequence = submission.command.target
        if case .send(let message) = submission.command.action { sequence = message.thread }
        guard sequence > 0 else { return nil }
        return TargetQuery(conversation: submission.command.conversation, sequence: sequence, user: submission.user)
    }

    /// What a message replies to. Where the sender sees all of the log it need not be looked up, but whether he does may not be known
    /// yet, and replies are few among members who joined a group with hidden history.
    func quoted(by submission: Submission) -> TargetQuery? {
        guard case .send(let message) = submission.command.action, message.relatesTo > 0 else { return nil }
        if let conversation = self.conversations[submission.command.conversation], conversation.knows(submission.user),
            !conversation.quotesUnseen(message, by: submission.user)
        {
            return nil
        }
        return TargetQuery(
            conversation: submission.command.conversation, sequence: message.relatesTo, user: submission.user)
    }

    /// Takes over what was looked up. Where a conversation is new here, those who are live in it may have missed something that a
    /// failed batch stored all the same: they are told where it stands.
    package mutating func learn(heads: [ConversationHead], places: [(Unknown.Place, Membership?)]) -> [Effect] {
        var effects: [Effect] = []
        for head in heads {
            if self.conversations[head.conversation] == nil {
                effects.append(.bell(head.conversation, head: head.sequence))
                self.noteIdle(head.conversation)
            }
            self.conversations[head.conversation, default: Conversation(head: head)].refresh(head)
        }
        for (place, membership) in places {
            self.conversations[place.conversation]?.learn(place.user, membership)
            self.noteCrowd(place.conversation)
            if self.doubts[place.conversation]?.contains(place.user) == true { effects.append(self.settle(place, membership)) }
        }
        // After the seats are right: those who have one hear of what was stored by the head.
        for head in heads where self.doubts[head.conversation] != nil {
            effects.append(.bell(head.conversation, head: head.sequence))
        }
        self.doubts.removeAll()
        return effects
    }

    /// Gives or takes the seats of a user whose membership was in doubt. What he has already is left as it is.
    private mutating func settle(_ place: Unknown.Place, _ membership: Membership?) -> Effect {
        guard let membership, membership.active else {
            self.exit(place.user, place.conversation)
            return .part(place.user, place.conversation)
        }
        self.enter(place.user, place.conversation)
        return .join(
            place.user,
            RoomSeat(conversation: place.conversation, head: 0, slot: membership.slot, visibleFrom: membership.visibleFrom))
    }

    /// Decides the picked commands, in order.
    ///
    /// - Parameter targets: What was found for the targets of `unknown`.
    package func decide(_ picked: [Submission], targets: [TargetQuery: Target] = [:], at now: Int64) -> Batch {
        var batch = Batch()
        batch.drafts.reserveCapacity(picked.count)
        batch.submissions.reserveCapacity(picked.count)
        // Commands of one conversation follow one another, as `pick` takes them: it is looked up, and copied, once for all of them.
        var start = 0
        while start < picked.count {
            let id = picked[start].command.conversation
            let end = picked[start...].firstIndex { $0.command.conversation != id } ?? picked.count
            if let conversation = self.conversations[id] {
                self.decide(picked[start..<end], in: conversation, targets, at: now, &batch)
            } else {
                for submission in picked[start..<end] {
                    batch.add(Conversation.decideUnknown(submission.command, by: submission.user, at: now), on: submission)
                }
            }
            start = end
        }
        return batch
    }

    private func decide(
        _ picked: ArraySlice<Submission>, in conversation: Conversation, _ targets: [TargetQuery: Target], at now: Int64,
        _ batch: inout Batch
    ) {
        // Members whose one message of a slow interval is in this batch already.
        var slowed: Set<UserID> = []
        for submission in picked {
            if let wait = conversation.slowWait(submission, &slowed) {
                batch.lookups.append((submission, wait))
                continue
            }
            let target = targets.isEmpty ? nil : Self.target(of: submission).flatMap { targets[$0] }
            let quoted = targets.isEmpty ? nil : self.quoted(by: submission).flatMap { targets[$0] }
            batch.add(
                conversation.decide(submission.command, by: submission.user, target: target, quoted: quoted, at: now),
                on: submission)
        }
    }
}

extension Batch {
    /// Puts a decided command where it belongs.
    fileprivate mutating func add(_ decision: consuming Conversation.Decision, on submission: Submission) {
        switch consume decision {
        case .append(let draft):
            self.drafts.append(draft)
            self.submissions.append(submission)
        case .exists:
            self.answers.append(
                .answer(submission.origin, .exists(submission.command.conversation, submission.command.clientID)))
        case .refuse(let refusal): self.answers.append(.answer(submission.origin, .refused(refusal)))
        case .refuseUnlessStored(let refusal): self.lookups.append((submission, refusal))
        }
    }
}

extension Sequencer.Lane {
    /// Puts a command at the end, or before all others. Returns how many wait now.
    fileprivate mutating func add(_ submission: Submission, first: Bool) -> Int {
        if first { self.waiting.prepend(submission) } else { self.waiting.append(submission) }
        return self.waiting.count
    }

    /// Moves up to `room` commands out, stopping after one on whose effect a later decision may rest. Says whether more wait.
    fileprivate mutating func take(_ room: Int, into picked: inout [Submission], _ bytes: inout Int) -> Bool {
        var taken = 0
        while taken < room, bytes < Limits.bytesPerBatch, let submission = self.waiting.popFirst() {
            picked.append(submission)
            taken += 1
            if case .send(let message) = submission.command.action { bytes += message.content.count }
            if submission.command.endsBatch { break }
        }
        return !self.waiting.isEmpty
    }
}
