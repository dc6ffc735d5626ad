import DequeModule

/// Orders the commands of one store shard, decides them, and says what follows from what became durable.
///
/// One turn of the shell that runs it:
///
/// 1. `pick` takes the next commands, fairly: lanes (one per conversation) take turns, a hot one gets at most
///    `Limits.draftsPerConversationAndBatch` of a batch, and a command that changes membership is the last of its
///    conversation in its batch, so that no decision rests on rights that the same batch changes.
/// 2. `unknown` says what must be looked up first; `learn` takes the answers.
/// 3. `decide` gives the drafts of the batch; the shell stores them in one transaction.
/// 4. `complete` (or `fail`) gives the effects: what to push, whom to answer.
///
/// While the shell stores a batch, new commands gather here; when it is idle the first one goes at once. So a commit is shared
/// exactly when there is something to share it with, and nobody waits on purpose.
package struct Sequencer: Sendable {
    fileprivate struct Lane {
        var waiting: Deque<Submission> = []
    }

    private var lanes: [ConversationID: Lane] = [:]
    /// Conversations with waiting commands, in the order of their turns.
    private var turns: Deque<ConversationID> = []
    private var conversations: [ConversationID: Conversation] = [:]
    /// How many connections each connected user has, and in which conversations he is.
    private var attached: [UserID: Attached] = [:]
    private var waitingCount = 0
    private var positions: [PositionKey: PositionUpdate] = [:]
    /// Conversations of batches whose outcome is unknown, and the users who are in or out of them if they were stored.
    private var doubts: [ConversationID: Set<UserID>] = [:]

    private struct Attached {
        var connections = 0
        var conversations: Set<ConversationID> = []
    }

    private struct PositionKey: Hashable {
        var conversation: ConversationID
        var user: UserID
    }

    package init() {}

    /// Commands that wait for a decision.
    package var waiting: Int { self.waitingCount }
    /// Conversations held in memory.
    package var conversationCount: Int { self.conversations.count }
    /// Whether `unknown` has something to ask though nothing was picked: what became of a batch whose outcome is unknown.
    package var hasDoubts: Bool { !self.doubts.isEmpty }
    /// Whether positions wait to be written.
    package var hasPositions: Bool { !self.positions.isEmpty }

    // MARK: Commands

    /// Puts a command into its lane; a refusal if too many wait already.
    package mutating func submit(_ submission: Submission) -> Refusal? {
        guard self.waitingCount < Limits.waitingCommands else { return Refusal(.overloaded, retryMilliseconds: 1_000) }
        self.enqueue(submission, first: false)
        return nil
    }

    private mutating func enqueue(_ submission: Submission, first: Bool) {
        let conversation = submission.command.conversation
        let wasEmpty = self.lanes[conversation, default: Lane()].waiting.isEmpty
        if first {
            self.lanes[conversation, default: Lane()].waiting.prepend(submission)
        } else {
            self.lanes[conversation, default: Lane()].waiting.append(submission)
        }
        self.waitingCount += 1
        if wasEmpty { self.turns.append(conversation) }
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
        }
        return unknown
    }

    /// Takes over what was looked up. Where a conversation is new here, those who are live in it may have missed something that a
    /// failed batch stored all the same: they are told where it stands.
    package mutating func learn(heads: [ConversationHead], places: [(Unknown.Place, Membership?)]) -> [Effect] {
        var effects: [Effect] = []
        for head in heads {
            if self.conversations[head.conversation] == nil { effects.append(.bell(head.conversation, head: head.sequence)) }
            self.conversations[head.conversation, default: Conversation(head: head)].refresh(head)
        }
        for (place, membership) in places {
            self.conversations[place.conversation]?.learn(place.user, membership)
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
            self.attached[place.user]?.conversations.remove(place.conversation)
            return .part(place.user, place.conversation)
        }
        self.attached[place.user]?.conversations.insert(place.conversation)
        return .join(
            place.user,
            RoomSeat(conversation: place.conversation, head: 0, slot: membership.slot, visibleFrom: membership.visibleFrom))
    }

    /// Decides the picked commands, in order.
    package func decide(_ picked: [Submission], at now: Int64) -> Batch {
        var batch = Batch()
        batch.drafts.reserveCapacity(picked.count)
        for submission in picked {
            let conversation = self.conversations[submission.command.conversation]
            let decision =
                conversation?.decide(submission.command, by: submission.user, at: now)
                ?? Conversation.decideUnknown(submission.command, by: submission.user, at: now)
            switch decision {
            case .append(let draft):
                batch.drafts.append(draft)
                batch.submissions.append(submission)
            case .exists:
                batch.answers.append(
                    .answer(submission.origin, .exists(submission.command.conversation, submission.command.clientID)))
            case .refuse(let refusal): batch.answers.append(.answer(submission.origin, .refused(refusal)))
            case .refuseUnlessStored(let refusal): batch.lookups.append((submission, refusal))
            }
        }
        return batch
    }

    /// Says what follows from a stored batch. Commands decided on old rights go back to the head of their lanes.
    package mutating func complete(_ batch: Batch, _ outcomes: [AppendOutcome]) -> [Effect] {
        var effects = batch.answers
        var current = Publication(conversation: ConversationID(trusted: ""))
        var stale: [Submission] = []
        for (index, outcome) in outcomes.enumerated() where index < batch.submissions.count {
            let submission = batch.submissions[index]
            let change = batch.drafts[index].change
            switch outcome {
            case .appended(let entry):
                if current.conversation != entry.conversation || change != nil {
                    current.flush(into: &effects)
                    current = Publication(conversation: entry.conversation)
                }
                self.apply(entry, change, submission, &current, &effects)
            case .duplicate(let entry):
                current.flush(into: &effects)
                effects.append(.answer(submission.origin, Self.answer(for: entry)))
            case .refused(.stale):
                self.conversations[submission.command.conversation] = nil
                stale.append(submission)
            case .refused(let refusal):
                effects.append(.answer(submission.origin, .refused(Self.refusal(for: refusal, submission.command))))
            }
        }
        current.flush(into: &effects)
        for submission in stale.reversed() { self.retry(submission, &effects) }
        self.evict(batch)
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
        _ entry: Entry, _ change: MembershipChange?, _ submission: Submission, _ current: inout Publication,
        _ effects: inout [Effect]
    ) {
        let id = entry.conversation
        if case .create(let new, let members) = change, self.conversations[id] == nil {
            let count = Int32(clamping: members.count + 1)
            self.conversations[id] = Conversation(
                head: ConversationHead(
                    conversation: id, kind: new.kind, title: new.title, memberCount: count, memberCap: new.memberCap,
                    lastSlot: count,
                    historyVisible: new.historyVisible))
        }
        self.conversations[id]?.apply(entry, change)
        let (joining, parting) = Self.moves(change, by: entry.sender)
        for (index, user) in joining.enumerated() where self.attached[user] != nil {
            self.attached[user]?.conversations.insert(id)
            effects.append(.join(user, self.seat(in: entry, change, Int32(clamping: index + 1))))
        }
        current.entries.append(entry)
        current.origins.append(entry.kind == .created ? .nobody : submission.origin)
        guard change != nil else { return }
        current.flush(into: &effects)
        if case .create = change { effects.append(.answer(submission.origin, .created(id, entry.clientID))) }
        for user in parting {
            self.attached[user]?.conversations.remove(id)
            effects.append(.part(user, id))
        }
    }

    /// The seat of a user whom this entry lets in. Those of a new conversation have slots in the order of their names; which slot an
    /// added user has (an old one, if he was a member before) only the store knows.
    private func seat(in entry: Entry, _ change: MembershipChange?, _ place: Int32) -> RoomSeat {
        let isNew = if case .create = change { true } else { false }
        let seesAll = isNew || self.conversations[entry.conversation]?.head.historyVisible == true
        return RoomSeat(
            conversation: entry.conversation, head: entry.sequence - 1, slot: isNew ? place : 0,
            visibleFrom: seesAll ? 1 : entry.sequence)
    }

    private static func moves(_ change: MembershipChange?, by sender: UserID) -> (joining: [UserID], parting: [UserID]) {
        switch change {
        case .create(_, let members): ([sender] + members, [])
        case .add(let users): (users, [])
        case .end(let user): ([], [user])
        case .setRole, nil: ([], [])
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
        case .unknownUser(let user):
            if case .create = command {
                Refusal(.unknownUser, field: "members", rule: "there is no user \(user)")
            } else {
                Refusal(.unknownUser, field: "users", rule: "there is no user \(user)")
            }
        case .groupFull: Refusal(.groupFull)
        case .notMember(let user): Refusal(.unknownUser, field: "user", rule: "\(user) is a member of the conversation")
        case .invalid: Refusal(.internalError)
        }
    }

    /// Says what follows from a batch that failed as a whole: everybody is told. Where the batch may be stored all the same, what it
    /// would have changed is in doubt, and looked up before anything else is decided.
    package mutating func fail(_ batch: Batch, _ failure: StoreFailure) -> [Effect] {
        var effects = batch.answers
        let refusal =
            switch failure {
            case .unavailable: Refusal(.unavailable, retryMilliseconds: 1_000)
            case .full: Refusal(.diskFull, retryMilliseconds: 5_000)
            case .outcomeUnknown: Refusal(.outcomeUnknown, retryMilliseconds: 1_000)
            case .corrupt: Refusal(.unavailable, retryMilliseconds: 5_000)
            }
        if case .outcomeUnknown = failure { for draft in batch.drafts { self.doubt(draft) } }
        for submission in batch.submissions { effects.append(.answer(submission.origin, .refused(refusal))) }
        return effects
    }

    private mutating func doubt(_ draft: Draft) {
        let (joining, parting) = Self.moves(draft.change, by: draft.sender)
        self.doubts[draft.conversation, default: []].formUnion(joining + parting)
        self.conversations[draft.conversation]?.doubt(joining + parting)
    }

    /// Conversations nobody connected is in are kept only for the batch that asked for them.
    private mutating func evict(_ batch: Batch) {
        guard self.conversations.count > 4_096 else { return }
        for submission in batch.submissions where self.attached[submission.user] == nil {
            self.conversations[submission.command.conversation] = nil
        }
    }
}

extension Sequencer {
    // MARK: Connections

    /// A connection of this user is live from here on: everything that later turns publish reaches it.
    package mutating func attach(_ origin: RequestOrigin, user: UserID, memberships: [(Membership, ConversationHead)]) -> Effect {
        var rooms: [RoomSeat] = []
        rooms.reserveCapacity(memberships.count)
        var conversations: Set<ConversationID> = []
        for (membership, head) in memberships {
            if self.conversations[head.conversation] == nil { self.conversations[head.conversation] = Conversation(head: head) }
            self.conversations[head.conversation]?.learn(user, membership)
            conversations.insert(head.conversation)
            rooms.append(
                RoomSeat(
                    conversation: head.conversation, head: head.sequence, slot: membership.slot,
                    visibleFrom: membership.visibleFrom))
        }
        self.attached[user, default: Attached()].connections += 1
        self.attached[user]?.conversations = conversations
        return .attached(origin, user, rooms)
    }

    /// A connection of this user is gone.
    package mutating func detach(user: UserID) {
        guard var entry = self.attached[user] else { return }
        entry.connections -= 1
        guard entry.connections <= 0 else {
            self.attached[user] = entry
            return
        }
        self.attached[user] = nil
        for conversation in entry.conversations { self.conversations[conversation]?.forget(user) }
    }

    // MARK: Positions

    /// Notes how far a member has read; written together with others later (`takePositions`).
    package mutating func advance(
        _ origin: RequestOrigin, user: UserID, _ conversation: ConversationID, read: Int64, delivered: Int64
    )
        -> [Effect]
    {
        guard self.attached[user]?.conversations.contains(conversation) == true || self.doubts[conversation] != nil else {
            return [.answer(origin, .refused(Refusal(.notMember)))]
        }
        // Where the head is in doubt the store decides: it leaves out a position that cannot be.
        if let known = self.conversations[conversation], known.headIsCurrent, max(read, delivered) > known.head.sequence {
            let field = read > known.head.sequence ? "sequence" : "delivered"
            let rule = "at most the newest sequence, \(known.head.sequence)"
            return [.answer(origin, .refused(Refusal(.outOfRange, field: field, rule: rule)))]
        }
        let key = PositionKey(conversation: conversation, user: user)
        var update = self.positions[key] ?? PositionUpdate(conversation: conversation, user: user, read: 0, delivered: 0)
        update.read = max(update.read, read)
        update.delivered = max(update.delivered, delivered)
        self.positions[key] = update
        return [
            .answer(origin, .ok), .position(user, conversation, read: update.read, delivered: update.delivered, except: origin),
        ]
    }

    /// The positions that wait, at most one per member; the caller writes them.
    package mutating func takePositions() -> [PositionUpdate] {
        defer { self.positions.removeAll(keepingCapacity: true) }
        return self.positions.values.sorted { ($0.conversation, $0.user) < ($1.conversation, $1.user) }
    }

    /// Gives back positions that could not be written.
    package mutating func restore(_ updates: [PositionUpdate]) {
        for update in updates {
            let key = PositionKey(conversation: update.conversation, user: update.user)
            let newer = self.positions[key]
            self.positions[key] = PositionUpdate(
                conversation: update.conversation, user: update.user, read: max(update.read, newer?.read ?? 0),
                delivered: max(update.delivered, newer?.delivered ?? 0))
        }
    }
}

extension Sequencer.Lane {
    /// Moves up to `room` commands out, stopping after one that changes membership. Says whether more wait.
    fileprivate mutating func take(_ room: Int, into picked: inout [Submission], _ bytes: inout Int) -> Bool {
        var taken = 0
        while taken < room, bytes < Limits.bytesPerBatch, let submission = self.waiting.popFirst() {
            picked.append(submission)
            taken += 1
            guard case .send(_, _, let content, _) = submission.command else { break }
            bytes += content.count
        }
        return !self.waiting.isEmpty
    }
}
