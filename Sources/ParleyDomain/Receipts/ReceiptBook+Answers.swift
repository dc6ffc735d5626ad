/// What the sender of a message is told. All answers are nil until the book is loaded, and for sequences that are not in the
/// log or beyond `lastSequence`.
extension ReceiptBook {
    /// How many have got and read a message (R43). Looks at no member but the sender; `senderSlot` 0 is a sender without a slot.
    package func counts(of sequence: Int64, senderSlot: Int32) -> ReceiptCounts? {
        guard let sequence = self.answerable(sequence) else { return nil }
        var total = self.members.value(at: sequence)
        var unread = self.unread.value(at: sequence)
        var undelivered = self.undelivered.value(at: sequence)
        if let sender = self.place(senderSlot), self.isCounted(sender, at: sequence) {
            total -= 1
            if self.read[sender] < sequence { unread -= 1 }
            if self.delivered[sender] < sequence { undelivered -= 1 }
        }
        return ReceiptCounts(total: total, read: total - unread, delivered: total - undelivered)
    }

    /// How far a member has come; nil for a slot that was never handed out, or whose row is not here yet.
    package func position(of slot: Int32) -> ReceiptPosition? {
        guard let place = self.place(slot), self.isComplete(place) else { return nil }
        return ReceiptPosition(read: Int64(self.read[place]), delivered: Int64(self.delivered[place]))
    }

    /// A page of who has read, not read or got a message: at most `limit` slots after `afterSlot`, ascending (R43).
    ///
    /// Looks through one array of positions, 64 at a time, up to the largest slot that there was when the message was sent: a
    /// page of few among a million is found in less than a millisecond.
    package func readers(of sequence: Int64, senderSlot: Int32, list: ReaderList, afterSlot: Int32, limit: Int) -> ReaderPage? {
        guard let sequence = self.answerable(sequence) else { return nil }
        let end = self.slots(at: sequence)
        return (list == .delivered ? self.delivered : self.read).withUnsafeBufferPointer { positions in
            var page = ReaderPage(slots: [], more: false)
            var place = max(0, Int(afterSlot))
            while place < end {
                let places = place..<min(end, place + 64)
                place = places.upperBound
                let reached = Self.count(positions, places, reaching: sequence)
                guard list == .unread ? reached < places.count : reached > 0 else { continue }
                for candidate in places where (positions[candidate] >= sequence) == (list != .unread) {
                    guard candidate + 1 != senderSlot, self.isCounted(candidate, at: sequence) else { continue }
                    guard page.slots.count < limit else {
                        page.more = true
                        return page
                    }
                    page.slots.append(Int32(clamping: candidate + 1))
                }
            }
            return page
        }
    }

    /// The record of a message as of now (R44): who was in when it was sent, and who has read it. Nil also if the sender had
    /// no slot then. Looks at every slot; nothing of it is kept.
    package func record(of sequence: Int64, senderSlot: Int32) -> ReceiptRecord? {
        guard let sequence = self.answerable(sequence) else { return nil }
        let count = self.slots(at: sequence)
        guard let sender = self.place(senderSlot), sender < count else { return nil }
        var read = [UInt8](repeating: 0, count: (count + 7) / 8)
        var quit = read
        for place in 0..<count where place != sender {
            if !self.isCounted(place, at: sequence) {
                quit[place >> 3] |= 1 << UInt8(place & 7)
            } else if self.read[place] >= sequence {
                read[place >> 3] |= 1 << UInt8(place & 7)
            }
        }
        return ReceiptRecord(lastSlot: Int32(clamping: count), senderSlot: senderSlot, readBits: read, quitBits: quit)
    }

    /// What the book holds in memory, in bytes: the value and every array that it owns, with the room that they have spare.
    package var memoryBytes: Int {
        let positions = self.read.memoryBytes + self.delivered.memoryBytes + self.start.memoryBytes + self.specials.memoryBytes
        let histories = self.histories.reduce(self.histories.memoryBytes) { $0 + $1.memoryBytes }
        let indexes = self.members.memoryBytes + self.unread.memoryBytes + self.undelivered.memoryBytes
        // A dictionary has a key, a value and a bit for each place of its table, a third of which is empty when it is full.
        let waiting = self.waiting.values.reduce(self.waiting.capacity * 24) { $0 + $1.memoryBytes }
        return MemoryLayout<Self>.size + positions + histories + indexes + waiting
    }

    // MARK: Parts

    private func answerable(_ sequence: Int64) -> UInt32? {
        self.isLoaded && sequence >= 1 && sequence <= self.head ? Self.sequence(sequence) : nil
    }

    private func isCounted(_ place: Int, at sequence: UInt32) -> Bool {
        guard self.isSpecial(place) else { return self.start[place] > 0 && self.start[place] <= sequence }
        return self.histories[Int(self.start[place])].isCounted(at: sequence)
    }

    /// How many slots had been handed out when the entry was written, by itself included: maxid at that message (R44).
    private func slots(at sequence: UInt32) -> Int {
        func isLater(_ place: Int) -> Bool {
            let joined = self.firstJoin(place)
            return joined == 0 || joined > sequence
        }
        guard self.slotsAreInOrder else {
            var count = self.start.count
            while count > 0, isLater(count - 1) { count -= 1 }
            return count
        }
        var (low, high) = (0, self.start.count)
        while low < high {
            let middle = low + (high - low) / 2
            if isLater(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// How many of these positions have reached the sequence. No branch depends on a position, so that the compiler compares
    /// several at a time.
    private static func count(_ positions: UnsafeBufferPointer<UInt32>, _ places: Range<Int>, reaching sequence: UInt32) -> Int {
        var count: UInt32 = 0
        for place in places { count &+= positions[place] >= sequence ? 1 : 0 }
        return Int(count)
    }
}
