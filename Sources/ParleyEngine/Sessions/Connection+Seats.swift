import NIOCore
import ParleyDomain

/// A connection's places in rooms, and what it knows of their heads.
extension Connection {
    func reserveSeats(_ count: Int) { self.seats.reserveCapacity(count) }
    func sit(_ seat: Seat) { self.seats.append(seat) }

    func seat(in conversation: ConversationID) -> Seat? { self.seats.first { $0.room.conversation == conversation } }
    func seat(in room: Room) -> Seat? { self.seats.first { $0.room === room } }

    func stand(from conversation: ConversationID) -> Seat? {
        guard let index = self.seats.firstIndex(where: { $0.room.conversation == conversation }) else { return nil }
        self.firstVisible[conversation] = nil
        self.seats.swapAt(index, self.seats.count - 1)
        return self.seats.popLast()
    }

    func moveSeat(in room: Room, to index: Int) {
        guard let seat = self.seats.firstIndex(where: { $0.room === room }) else { return }
        self.seats[seat].index = Int32(clamping: index)
    }

    func changeSeat(in room: Room, isQuiet: Bool, index: Int) {
        guard let seat = self.seats.firstIndex(where: { $0.room === room }) else { return }
        self.seats[seat].isQuiet = isQuiet
        self.seats[seat].index = Int32(clamping: index)
    }

    func takeSeats() -> [Seat] {
        defer { self.seats = [] }
        return self.seats
    }

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
        return self.seats.compactMap { seat in
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
        }
        return self.seats.compactMap { seat in
            let wasOwed = seat.takeOwed() != .nothing
            guard wasOwed || seat.room.changed > self.seenTick || self.dropped.contains(seat.room.conversation) else {
                return nil
            }
            return (seat.room.conversation, seat.room.head)
        }
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
