import NIOCore
import ParleyDomain

/// A connection's places in rooms, and what it knows of their heads.
extension Connection {
    func reserveSeats(_ count: Int) { self.places.reserve(count) }
    func sit(_ seat: Seat) { self.places.append(seat) }

    func seat(in conversation: ConversationID) -> Seat? { self.places.seat(in: conversation) }

    func stand(from conversation: ConversationID) -> Seat? {
        self.firstVisible[conversation] = nil
        return self.places.remove(from: conversation)
    }

    /// The membership of the seat has ended. A client that is not pushed to gets the entry that ended it; one that does not read is told
    /// of it with the heads when it reads again.
    func parted(from seat: Seat, _ ending: Broadcast?) {
        if self.isBehind {
            self.partedBehind[seat.room.conversation] = max(seat.room.head, ending?.head ?? 0)
        } else if seat.isQuiet, let ending {
            self.push(ending)
        }
    }

    func moveSeat(in room: Room, to index: Int) {
        self.places.update(room.conversation) { $0.index = Int32(clamping: index) }
    }

    func changeSeat(in room: Room, isQuiet: Bool, index: Int) {
        self.places.update(room.conversation) { seat in
            seat.isQuiet = isQuiet
            seat.index = Int32(clamping: index)
        }
    }

    func takeSeats() -> [Seat] { self.places.removeAll() }

    /// Asks not to be pushed a conversation's entries (false), or to be pushed them again (true): R36. False if this connection
    /// is not live in the conversation.
    func follow(_ conversation: ConversationID, push: Bool) -> Bool {
        self.delivery.follow(self, conversation, push: push)
    }

    // MARK: Heads

    /// The heads for a heartbeat: of this client's conversations that moved since it was last told. Left out are those that are
    /// on their way to it in a lane, or that it is told of as a quiet one.
    func news() -> [(ConversationID, Int64)] {
        defer { self.seenTick = self.delivery.tick }
        return self.places.seats.compactMap { seat in
            guard seat.room.changed > self.seenTick, !seat.isQuiet, !seat.isOwed else { return nil }
            return (seat.room.conversation, seat.room.head)
        }
    }

    /// The heads for a client that reads again: of everything that moved or was dropped, and what lanes still have for it, which
    /// it does not need any more.
    func newsAfterDrop() -> [(ConversationID, Int64)] {
        defer {
            self.seenTick = self.delivery.tick
            self.dropped = []
            self.partedBehind = [:]
        }
        // Who went and came back meanwhile has a seat again.
        var heads = self.partedBehind.filter { self.places.seat(in: $0.key) == nil }.map { ($0.key, $0.value) }
        for seat in self.places.seats {
            let wasOwed = seat.takeOwed() != .nothing
            guard wasOwed || seat.room.changed > self.seenTick || self.dropped.contains(seat.room.conversation) else { continue }
            heads.append((seat.room.conversation, seat.room.head))
        }
        return heads
    }
}

extension Seat {
    /// Whether a lane has something for it.
    var isOwed: Bool { !self.isQuiet && self.room.lanes?.isOwed(Int(self.index), of: Int(self.lane)) == true }

    /// Takes what its lane has for it.
    func takeOwed() -> Lanes.Due {
        guard !self.isQuiet, let lanes = self.room.lanes else { return .nothing }
        return lanes.take(Int(self.index), of: Int(self.lane))
    }
}
