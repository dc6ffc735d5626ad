/// Who has got and read what in one conversation, exactly, with up to millions of members: a value without I/O.
///
/// Nothing is kept per message (R44). A member is three numbers of 32 bits: his read and delivered positions and the sequence
/// that he joined at; who left, returned or had receipts off has a `SlotHistory` besides. Three indexes turn that into counts:
/// a member who is counted in [f, t] and has read up to r is unread from max(r + 1, f) up to t, so he is +1 at the one and -1
/// after the other, and the unread count of message N is the sum of all that up to N. An acknowledgement moves one +1.
///
/// The rows may be loaded in pieces while the conversation goes on. Changes to slots that are not loaded yet are kept and
/// merged when the row comes; a row may already contain them. Until all are loaded there are no answers.
///
/// Limits: slots are 1...2^31-1, sequences 1...2^32-2 (`lastSequence`); there are no receipts for what comes later.
/// Memory: 12 bytes and 1/8 a member, about 24 more for each who ever left or opted out, 8 for each place where a count changes, and
/// 12 for each 1,024 sequences between such places.
/// A copy of the value shares its memory until one of the two changes: do not keep one.
package struct ReceiptBook: Sendable {
    /// The largest sequence that has receipts.
    package static let lastSequence = Int64(SequenceRun.open) - 1

    /// The newest sequence that the book knows of.
    package internal(set) var head: Int64

    // One element per slot; slot s is at place s-1.
    var read: [UInt32]
    var delivered: [UInt32]
    /// The joining sequence of a plain history (0: never a member); where `isSpecial`, the place of the history in `histories`.
    var start: [UInt32]
    /// One bit per slot.
    var specials: [UInt64]
    var histories: [SlotHistory] = []

    /// Counted members, those who have not read, those who have not got it: as a function of the sequence.
    var members = DeltaIndex()
    var unread = DeltaIndex()
    var undelivered = DeltaIndex()

    /// Slots 1...loaded are complete, and so are those after `slotsToLoad`: they joined under the eyes of the book.
    var loaded = 0
    let slotsToLoad: Int
    /// Changes to slots that wait for their row, in the order in which they happened. Positions wait in their arrays.
    var waiting: [Int: [SlotChange]] = [:]
    /// Whether every slot joined first at the same entry as the one before it, or later: then the slots that were handed
    /// out up to a sequence are found by halving.
    var slotsAreInOrder = true

    /// An empty book of a conversation whose log and slots stand there. All that happens from then on must be told to it, and
    /// the acknowledgements that were taken before and are not yet in the store; all rows 1...lastSlot must be loaded.
    package init(head: Int64, lastSlot: Int32) {
        let slots = Int(max(0, lastSlot))
        self.head = min(max(0, head), Self.lastSequence)
        self.read = [UInt32](repeating: 0, count: slots)
        self.delivered = self.read
        self.start = self.read
        self.specials = [UInt64](repeating: 0, count: (slots + 63) / 64)
        self.slotsToLoad = slots
    }

    /// Whether all rows are here, so that it answers.
    package var isLoaded: Bool { self.loaded >= self.slotsToLoad }

    /// The largest slot handed out (R6: maxid).
    package var lastSlot: Int32 { Int32(clamping: self.start.count) }

    /// The slot whose row is wanted next; nil when all are here.
    package var nextSlot: Int32? { self.isLoaded ? nil : Int32(clamping: self.loaded + 1) }

    // MARK: What happens

    /// The log has grown up to this sequence.
    package mutating func grow(to sequence: Int64) { self.head = max(self.head, min(sequence, Self.lastSequence)) }

    /// A member has come so far, on any of his devices (R48: lower positions than the present ones change nothing).
    ///
    /// Positions end at the head, and for a former member where his membership ended. Whether the slot of a row that is not
    /// loaded yet belongs to a member is the caller's to check.
    package mutating func advance(slot: Int32, read: Int64, delivered: Int64) {
        guard let place = self.place(slot) else { return }
        var end = Self.sequence(self.head)
        if self.isComplete(place), let ended = self.history(place).end { end = min(end, ended) }
        let readTo = min(Self.sequence(read), end)
        self.move(place, read: readTo, delivered: max(readTo, min(Self.sequence(delivered), end)))
    }

    /// A slot joins or returns with the entry `at`. What lies before his visible start counts as read.
    package mutating func join(slot: Int32, at sequence: Int64, visibleFrom: Int64) {
        guard slot > 0 else { return }
        self.grow(to: sequence)
        while self.start.count < Int(slot) { self.appendSlot() }
        let place = Int(slot) - 1
        let isNew = self.isComplete(place) && self.firstJoin(place) == 0
        self.change(place, .join, sequence)
        if isNew { self.noteOrder(place) }
        let behind = Self.sequence(max(1, visibleFrom) - 1)
        self.move(place, read: behind, delivered: behind)
    }

    /// The membership of a slot ends with the entry `at`, which is the last that he sees.
    package mutating func end(slot: Int32, at sequence: Int64) {
        self.grow(to: sequence)
        guard let place = self.place(slot) else { return }
        self.change(place, .end, sequence)
    }

    /// A slot is not counted for this sequence and later ones: he turned receipts off (R54). It outlasts his membership.
    package mutating func exclude(slot: Int32, from sequence: Int64) {
        guard let place = self.place(slot) else { return }
        self.change(place, .exclude, sequence)
    }

    /// A slot is counted again for this sequence and later ones.
    package mutating func include(slot: Int32, at sequence: Int64) {
        guard let place = self.place(slot) else { return }
        self.change(place, .include, sequence)
    }

    // MARK: Slots

    /// Where a slot stands in the arrays; nil for one that was never handed out.
    func place(_ slot: Int32) -> Int? { slot > 0 && Int(slot) <= self.start.count ? Int(slot) - 1 : nil }

    /// Whether everything about the slot at this place is known.
    func isComplete(_ place: Int) -> Bool { place < self.loaded || place >= self.slotsToLoad }

    func isSpecial(_ place: Int) -> Bool { self.specials[place >> 6] >> UInt64(place & 63) & 1 == 1 }

    func history(_ place: Int) -> SlotHistory {
        self.isSpecial(place) ? self.histories[Int(self.start[place])] : SlotHistory(openFrom: self.start[place])
    }

    /// The sequence of the entry that handed out the slot; 0 if he never was a member.
    func firstJoin(_ place: Int) -> UInt32 {
        self.isSpecial(place) ? self.histories[Int(self.start[place])].first.from : self.start[place]
    }

    /// A position in 32 bits.
    static func sequence(_ sequence: Int64) -> UInt32 { UInt32(clamping: min(sequence, Self.lastSequence)) }

    /// Where something changes, in 32 bits: beyond the last sequence that has receipts it is as if it never happened.
    static func bound(_ sequence: Int64) -> UInt32 { UInt32(clamping: max(1, sequence)) }

    private mutating func appendSlot() {
        self.read.append(0)
        self.delivered.append(0)
        self.start.append(0)
        if self.specials.count * 64 < self.start.count { self.specials.append(0) }
    }

    /// Compares a slot that has just got its first membership with the one before it.
    mutating func noteOrder(_ place: Int) {
        guard place > 0, self.isComplete(place - 1) else { return }
        let before = self.firstJoin(place - 1)
        if before == 0 || before > self.firstJoin(place) { self.slotsAreInOrder = false }
    }

    mutating func put(_ history: SlotHistory, at place: Int) {
        if self.isSpecial(place) {
            self.histories[Int(self.start[place])] = history
        } else if history.isPlain || history.isEmpty {
            self.start[place] = history.first.from
        } else {
            self.start[place] = UInt32(clamping: self.histories.count)
            self.specials[place >> 6] |= 1 << UInt64(place & 63)
            self.histories.append(history)
        }
    }

    // MARK: Indexes

    private mutating func change(_ place: Int, _ kind: SlotChange.Kind, _ sequence: Int64) {
        let change = SlotChange(kind: kind, sequence: Self.bound(sequence))
        guard self.isComplete(place) else {
            self.waiting[place, default: []].append(change)
            return
        }
        let before = self.history(place)
        var after = before
        guard after.apply(change) else { return }
        // Nothing before the change is different.
        self.count(before, place, from: change.sequence, by: -1)
        self.count(after, place, from: change.sequence, by: 1)
        self.put(after, at: place)
    }

    /// Adds what a history says from `start` on to the indexes, or takes it out.
    mutating func count(_ history: SlotHistory, _ place: Int, from start: UInt32, by sign: Int32) {
        let (read, delivered) = (self.read[place], self.delivered[place])
        history.counted(from: start) { run in
            Self.add(run, from: run.from, by: sign, to: &self.members)
            Self.add(run, from: max(run.from, read + 1), by: sign, to: &self.unread)
            Self.add(run, from: max(run.from, delivered + 1), by: sign, to: &self.undelivered)
        }
    }

    private static func add(_ run: SequenceRun, from: UInt32, by sign: Int32, to index: inout DeltaIndex) {
        guard from <= run.to, from < SequenceRun.open else { return }
        index.add(sign, at: from)
        if !run.isOpen { index.add(-sign, at: run.to + 1) }
    }

    /// Moves positions forward, never back.
    private mutating func move(_ place: Int, read: UInt32, delivered: UInt32) {
        let (oldRead, oldDelivered) = (self.read[place], self.delivered[place])
        if read > oldRead {
            self.read[place] = read
            if self.isComplete(place) { Self.shift(self.runs(place), from: oldRead, to: read, in: &self.unread) }
        }
        if delivered > oldDelivered {
            self.delivered[place] = delivered
            if self.isComplete(place) { Self.shift(self.runs(place), from: oldDelivered, to: delivered, in: &self.undelivered) }
        }
    }

    /// What `shift` needs of a slot: without a special history no more than where he joined.
    private enum Runs {
        case plain(UInt32)
        case special(SlotHistory)
    }

    private func runs(_ place: Int) -> Runs {
        self.isSpecial(place) ? .special(self.histories[Int(self.start[place])]) : .plain(self.start[place])
    }

    /// One position moves: the runs that it has passed drop out, the one that it stands in begins later.
    private static func shift(_ runs: Runs, from old: UInt32, to new: UInt32, in index: inout DeltaIndex) {
        switch runs {
        case .plain(let joined):
            guard joined > 0, new >= joined else { return }
            index.move(from: max(joined, old + 1), to: new + 1)
        case .special(let history):
            history.counted(from: old + 1) { run in
                guard run.from <= new else { return }
                index.add(-1, at: run.from)
                index.add(1, at: min(run.to, new) + 1)
            }
        }
    }
}
