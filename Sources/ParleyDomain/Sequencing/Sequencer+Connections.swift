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
