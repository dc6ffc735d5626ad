import ParleyDomain

/// A connection's places in rooms. Found by conversation; few are looked through, many have an index.
struct SeatList {
    private(set) var seats: [Seat] = []
    private var index: [ConversationID: Int]?

    /// With as many places, looking through them takes about as long as hashing a name.
    private static let unindexed = 8

    mutating func reserve(_ count: Int) { self.seats.reserveCapacity(count) }

    func seat(in conversation: ConversationID) -> Seat? { self.place(of: conversation).map { self.seats[$0] } }

    private func place(of conversation: ConversationID) -> Int? {
        if let index { return index[conversation] }
        return self.seats.firstIndex { $0.room.conversation == conversation }
    }

    mutating func append(_ seat: Seat) {
        self.seats.append(seat)
        if self.index != nil {
            self.index?[seat.room.conversation] = self.seats.count - 1
        } else if self.seats.count > Self.unindexed {
            self.index = [:]
            for (place, seat) in self.seats.enumerated() { self.index?[seat.room.conversation] = place }
        }
    }

    mutating func remove(from conversation: ConversationID) -> Seat? {
        guard let place = self.place(of: conversation), let last = self.seats.popLast() else { return nil }
        self.index?[conversation] = nil
        guard place < self.seats.count else { return last }
        let removed = self.seats[place]
        self.seats[place] = last
        self.index?[last.room.conversation] = place
        return removed
    }

    mutating func update(_ conversation: ConversationID, _ change: (inout Seat) -> Void) {
        guard let place = self.place(of: conversation) else { return }
        change(&self.seats[place])
    }

    mutating func removeAll() -> [Seat] {
        defer { self = SeatList() }
        return self.seats
    }
}
