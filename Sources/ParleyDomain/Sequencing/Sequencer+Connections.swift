import DequeModule

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
        for id in self.attached[user]?.conversations.subtracting(conversations) ?? [] { self.exit(user, id) }
        for id in conversations { self.enter(user, id) }
        return .attached(origin, user, rooms)
    }

    /// A connected user is a member from here on.
    mutating func enter(_ user: UserID, _ id: ConversationID) {
        guard self.attached[user]?.conversations.insert(id).inserted == true else { return }
        self.online[id, default: []].insert(user)
    }

    /// A connected user is no member any more.
    mutating func exit(_ user: UserID, _ id: ConversationID) {
        guard self.attached[user]?.conversations.remove(id) != nil else { return }
        self.noteOffline(user, id)
    }

    private mutating func noteOffline(_ user: UserID, _ id: ConversationID) {
        self.online[id]?.remove(user)
        guard self.online[id]?.isEmpty == true else { return }
        self.online[id] = nil
        self.noteIdle(id)
    }

    /// Whether the user has a connection here.
    package func isOnline(_ user: UserID) -> Bool { self.attached[user] != nil }

    /// A connection of this user is gone. The conversations that he is in, if it was his last; nil otherwise.
    package mutating func detach(user: UserID) -> Set<ConversationID>? {
        guard var entry = self.attached[user] else { return nil }
        entry.connections -= 1
        guard entry.connections <= 0 else {
            self.attached[user] = entry
            return nil
        }
        self.attached[user] = nil
        for conversation in entry.conversations {
            self.conversations[conversation]?.forget(user)
            self.noteOffline(user, conversation)
        }
        return entry.conversations
    }

    // MARK: What is kept in memory

    /// The conversation is held, and no member of it may be connected.
    mutating func noteIdle(_ id: ConversationID) {
        if self.online[id] == nil { self.idle.append(id) }
    }

    mutating func noteCrowd(_ id: ConversationID) {
        guard let known = self.conversations[id]?.placeCount, known > (self.online[id]?.count ?? 0) + Limits.idlePlaces else {
            return
        }
        self.crowded.insert(id)
    }

    /// At the end of a turn, when no decision rests on it any more: forgets the conversations that were idle longest, and places of
    /// users who are not connected, beyond what is kept of either.
    package mutating func forgetIdle() {
        for id in self.crowded { self.conversations[id]?.forgetAll(but: self.online[id] ?? []) }
        self.crowded.removeAll()
        while self.idle.count > Limits.idleConversations, let id = self.idle.popFirst() {
            if self.online[id] == nil { self.conversations[id] = nil }
        }
    }

    // MARK: Presence and typing

    /// Somebody types: told where he could write, refused like a message where he may not (B2). Nothing yet where his place is to be looked up
    /// first.
    package mutating func type(_ origin: RequestOrigin, _ user: UserID, in id: ConversationID, at now: Int64) -> [Effect] {
        guard self.attached[user]?.conversations.contains(id) == true else {
            return [.answer(origin, .refused(Refusal(.notMember)))]
        }
        guard let conversation = self.conversations[id], conversation.standing(of: user) != nil else {
            self.typists.append(Typist(origin: origin, user: user, conversation: id))
            return []
        }
        do throws(Refusal) {
            try conversation.mayType(user, at: now)
            return [.typing(user, id), .answer(origin, .ok)]
        } catch {
            return [.answer(origin, .refused(error))]
        }
    }

    /// Those who type and whose places were looked up now.
    package mutating func typeUnplaced(at now: Int64) -> [Effect] {
        let typists = self.typists
        self.typists.removeAll()
        var effects: [Effect] = []
        for typist in typists {
            guard self.conversations[typist.conversation]?.standing(of: typist.user) != nil else {
                effects.append(.answer(typist.origin, .refused(Refusal(.notMember))))
                continue
            }
            effects.append(contentsOf: self.type(typist.origin, typist.user, in: typist.conversation, at: now))
        }
        return effects
    }

    /// Who of the subject is online; who of them may be seen by the one who asks is the reader's business.
    package func online(_ origin: RequestOrigin, _ user: UserID, _ subject: PresenceSubject, watch: Bool) -> Effect {
        switch subject {
        case .users(let users):
            .online(origin, user, subject, users.filter { self.attached[$0] != nil }, count: 0, watch: watch)
        case .conversation(let id):
            self.online(origin, user, in: id)
        }
    }

    private func online(_ origin: RequestOrigin, _ user: UserID, in id: ConversationID) -> Effect {
        guard self.attached[user]?.conversations.contains(id) == true || self.conversations[id]?.role(of: user) != nil else {
            return .answer(origin, .refused(Refusal(.notMember)))
        }
        let online = self.online[id] ?? []
        return .online(
            origin, user, .conversation(id), online.prefix(Limits.onlineShown).sorted(), count: online.count, watch: false)
    }

    // MARK: Notes

    /// Says what follows from a stored note.
    package mutating func noted(_ note: Note, direct: ConversationID?, _ origin: RequestOrigin, _ outcome: NoteOutcome)
        -> [Effect]
    {
        switch outcome {
        case .refused(.notMember): return [.answer(origin, .refused(Refusal(.notMember)))]
        case .refused(.forbidden): return [.answer(origin, .refused(Refusal(.forbidden)))]
        case .refused(.unknownUser(let user)):
            return [.answer(origin, .refused(Refusal(.unknownUser, field: "user", rule: "there is no user \(user)")))]
        case .refused(.noMessage): return [.answer(origin, .refused(Refusal(.noMessage, field: "sequence")))]
        case .refused(.tooMany): return [.answer(origin, .refused(Refusal(.tooMany)))]
        case .refused(.corrupt(let what)): return [.answer(origin, .refused(Self.refusal(for: .corrupt(what))))]
        case .receipts(let turns):
            for turn in turns { self.turn(turn) }
        case .done: break
        }
        var effects: [Effect] = origin == .nobody ? [] : [.answer(origin, .ok)]
        switch note {
        case .block(let other, let user, _):
            // Both look their places up anew.
            if let direct { for one in [user, other] { self.conversations[direct]?.forget(one) } }
            effects.append(.apart(user))
        case .preferences(let user, _, .some(false)): effects.append(.hidden(user))
        default: break
        }
        return effects
    }

    // MARK: Positions

    /// Notes how far a member has read; written together with others later (`takePositions`).
    package mutating func advance(
        _ origin: RequestOrigin, user: UserID, _ conversation: ConversationID, read: Int64, delivered: Int64
    )
        -> [Effect]
    {
        let update = PositionUpdate(conversation: conversation, user: user, read: read, delivered: delivered)
        guard let known = self.conversations[conversation]?.standing(of: user) else {
            self.unplaced.append(UnplacedPosition(origin: origin, update: update))
            return []
        }
        return self.advance(origin, update, known)
    }

    /// The positions whose places were looked up now.
    package mutating func advanceUnplaced() -> [Effect] {
        var effects: [Effect] = []
        for position in self.unplaced {
            guard let known = self.conversations[position.update.conversation]?.standing(of: position.update.user) else {
                effects.append(.answer(position.origin, .refused(Refusal(.notMember))))
                continue
            }
            effects.append(contentsOf: self.advance(position.origin, position.update, known))
        }
        self.unplaced.removeAll()
        return effects
    }

    private mutating func advance(
        _ origin: RequestOrigin, _ new: PositionUpdate, _ known: (head: Int64, place: Place?)
    ) -> [Effect] {
        guard let place = known.place, place.isActive else {
            return [.answer(origin, .refused(Refusal(.notMember)))]
        }
        guard max(new.read, new.delivered) <= known.head else {
            let field = new.read > known.head ? "sequence" : "delivered"
            let rule = "at most the newest sequence, \(known.head)"
            return [.answer(origin, .refused(Refusal(.outOfRange, field: field, rule: rule)))]
        }
        let key = PositionKey(conversation: new.conversation, user: new.user)
        var update = self.positions[key] ?? PositionUpdate(conversation: new.conversation, user: new.user, read: 0, delivered: 0)
        update.read = max(update.read, new.read)
        update.delivered = max(update.delivered, new.delivered)
        update.slot = place.slot
        self.positions[key] = update
        self.movers.insert(new.user)
        self.noteRead(new.conversation, slot: place.slot, read: update.read, delivered: update.delivered)
        let answer = Effect.answer(origin, .ok)
        // Who has one connection has nobody else to tell.
        guard (self.attached[new.user]?.connections ?? 0) > (origin.isExchange ? 0 : 1) else { return [answer] }
        return [answer, .position(new.user, new.conversation, read: update.read, delivered: update.delivered, except: origin)]
    }

    /// The positions that wait, at most one per member; the caller writes them.
    package mutating func takePositions() -> [PositionUpdate] {
        defer {
            self.positions.removeAll(keepingCapacity: true)
            self.movers.removeAll(keepingCapacity: true)
        }
        return self.positions.values.sorted { ($0.conversation, $0.user) < ($1.conversation, $1.user) }
    }

    /// Those of one user, who is about to be told of them.
    package mutating func takePositions(of user: UserID) -> [PositionUpdate] {
        guard self.movers.remove(user) != nil else { return [] }
        let taken = self.positions.values.filter { $0.user == user }
        for update in taken { self.positions[PositionKey(conversation: update.conversation, user: user)] = nil }
        return taken.sorted { $0.conversation < $1.conversation }
    }

    /// Gives back positions that could not be written.
    package mutating func restore(_ updates: [PositionUpdate]) {
        for update in updates {
            let key = PositionKey(conversation: update.conversation, user: update.user)
            let newer = self.positions[key]
            self.movers.insert(update.user)
            self.positions[key] = PositionUpdate(
                conversation: update.conversation, user: update.user, read: max(update.read, newer?.read ?? 0),
                delivered: max(update.delivered, newer?.delivered ?? 0), slot: update.slot)
        }
    }
}
