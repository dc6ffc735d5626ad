/// Loading in pieces, while the conversation goes on.
extension ReceiptBook {
    /// Takes rows in the order of their slots, beginning with `nextSlot`, none left out. Rows of slots that were handed out
    /// after the book was begun say nothing new and are passed over.
    ///
    /// A row may be as old as the book or newer than the newest change that the book was told: positions are merged by the
    /// maximum, and changes that the row has already are not made again.
    package mutating func load(_ rows: [ReceiptRow]) throws(ReceiptFault) {
        for row in rows where Int(row.slot) <= self.slotsToLoad {
            guard Int(row.slot) == self.loaded + 1 else {
                throw .slotOutOfOrder(found: row.slot, wanted: Int32(clamping: self.loaded + 1))
            }
            let memberships = try Self.runs(row.intervals, of: row.slot)
            let exclusions = try Self.runs(row.exclusions, of: row.slot)
            self.merge(row, memberships, exclusions)
        }
    }

    private mutating func merge(_ row: ReceiptRow, _ memberships: [SequenceRun], _ exclusions: [SequenceRun]) {
        let place = self.loaded
        var history = SlotHistory(memberships: memberships, exclusions: exclusions)
        for change in self.waiting.removeValue(forKey: place) ?? [] { _ = history.apply(change) }
        let end = history.end ?? Self.sequence(.max)
        let read = min(max(self.read[place], Self.sequence(row.read)), end)
        self.read[place] = read
        self.delivered[place] = max(read, min(max(self.delivered[place], Self.sequence(row.delivered)), end))
        self.put(history, at: place)
        self.count(history, place, from: 1, by: 1)
        self.loaded = place + 1
        self.noteOrder(place)
    }

    /// Intervals in 32 bits, checked. Empty ones are left out.
    private static func runs(_ intervals: [Interval], of slot: Int32) throws(ReceiptFault) -> [SequenceRun] {
        var runs: [SequenceRun] = []
        var last: Int64 = 0
        for interval in intervals {
            let to = interval.to ?? .max
            guard interval.from >= 1, to >= interval.from - 1 else { throw .badIntervals(slot: slot) }
            guard to >= interval.from, interval.from <= Self.lastSequence else { continue }
            guard interval.from > last else { throw .badIntervals(slot: slot) }
            last = to
            runs.append(
                SequenceRun(from: Self.sequence(interval.from), to: interval.to.map(Self.bound) ?? SequenceRun.open))
        }
        return runs
    }
}
