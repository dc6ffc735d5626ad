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
        let update = PositionUpdate(conversation: conversation, user: user, read: read, delivered: delivered)
        guard let known = self.conversations[conversation], known.knows(user), known.headIsCurrent else {
            self.unplaced.append(UnplacedPosition(origin: origin, update: update))
            return []
        }
        return self.advance(origin, update, known)
    }

    /// The positions whose places were looked up now.
    package mutating func advanceUnplaced() -> [Effect] {
        var effects: [Effect] = []
        for position in self.unplaced {
            guard let known = self.conversations[position.update.conversation] else {
                effects.append(.answer(position.origin, .refused(Refusal(.notMember))))
                continue
            }
            effects.append(contentsOf: self.advance(position.origin, position.update, known))
        }
        self.unplaced.removeAll()
        return effects
    }

    private mutating func advance(_ origin: RequestOrigin, _ new: PositionUpdate, _ known: Conversation) -> [Effect] {
        guard let place = known.place(of: new.user), place.isActive else {
            return [.answer(origin, .refused(Refusal(.notMember)))]
        }
        guard max(new.read, new.delivered) <= known.head.sequence else {
            let field = new.read > known.head.sequence ? "sequence" : "delivered"
            let rule = "at most the newest sequence, \(known.head.sequence)"
            return [.answer(origin, .refused(Refusal(.outOfRange, field: field, rule: rule)))]
        }
        let key = PositionKey(conversation: new.conversation, user: new.user)
        var update = self.positions[key] ?? PositionUpdate(conversation: new.conversation, user: new.user, read: 0, delivered: 0)
        update.read = max(update.read, new.read)
        update.delivered = max(update.delivered, new.delivered)
        self.positions[key] = update
        self.noteRead(new.conversation, slot: place.slot, read: update.read, delivered: update.delivered)
        let answer = Effect.answer(origin, .ok)
        // Who has one connection has nobody else to tell.
        guard (self.attached[new.user]?.connections ?? 0) > (origin.loop < 0 ? 0 : 1) else { return [answer] }
        return [answer, .position(new.user, new.conversation, read: update.read, delivered: update.delivered, except: origin)]
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
