/// A run of sequences in 32 bits. `to` is `open` while it lasts.
struct SequenceRun: Sendable, Equatable {
    static let open = UInt32.max

    var from: UInt32
    var to: UInt32

    var isOpen: Bool { self.to == Self.open }
}

/// What happens to the place of one slot.
struct SlotChange: Sendable {
    enum Kind { case join, end, exclude, include }

    var kind: Kind
    /// Where it holds from; for `end` the last sequence inside.
    var sequence: UInt32
}

/// When a slot was a member and when he is not counted although he was.
///
/// The first membership stands in the value itself, so that a member who left once costs no array.
struct SlotHistory: Sendable {
    /// From is 0 if there never was one.
    private(set) var first: SequenceRun
    private var later: [SequenceRun]
    private var exclusions: [SequenceRun]

    init() { self.init(openFrom: 0) }

    /// The usual case: a member since that sequence, counted all the time. 0: never a member.
    init(openFrom sequence: UInt32) {
        self.first = SequenceRun(from: sequence, to: sequence == 0 ? 0 : SequenceRun.open)
        self.later = []
        self.exclusions = []
    }

    /// Runs must be in order and apart (`ReceiptBook.load` checks it).
    init(memberships: [SequenceRun], exclusions: [SequenceRun]) {
        self.first = memberships.first ?? SequenceRun(from: 0, to: 0)
        self.later = Array(memberships.dropFirst())
        self.exclusions = exclusions
    }

    /// Whether the sequence of the first joining says everything.
    var isPlain: Bool { self.first.isOpen && self.exclusions.isEmpty }

    var isEmpty: Bool { self.first.from == 0 && self.exclusions.isEmpty }

    private var lastMembership: SequenceRun { self.later.last ?? self.first }

    /// The last sequence that this slot's positions may reach; nil while he is a member.
    var end: UInt32? { self.lastMembership.isOpen ? nil : self.lastMembership.to }

    func isCounted(at sequence: UInt32) -> Bool {
        let isInFirst = self.first.from > 0 && self.first.from <= sequence && sequence <= self.first.to
        guard isInFirst || Self.contains(self.later, sequence) else { return false }
        return !Self.contains(self.exclusions, sequence)
    }

    private static func contains(_ runs: [SequenceRun], _ sequence: UInt32) -> Bool {
        let place = runs.firstPlace { $0.to >= sequence }
        return place < runs.count && runs[place].from <= sequence
    }

    /// Calls the body with every run of counted sequences, cut off below `start`, in order.
    func counted(from start: UInt32, _ body: (SequenceRun) -> Void) {
        var exclusion = self.exclusions.firstPlace { $0.to >= start }
        let firstLater = self.later.firstPlace { $0.to >= start }
        if self.first.from > 0, self.first.to >= start {
            self.counted(in: self.first, from: start, &exclusion, body)
        }
        for membership in self.later[firstLater...] { self.counted(in: membership, from: start, &exclusion, body) }
    }

    /// One membership without its exclusions. `exclusion` is the first that may still reach into it or a later one.
    private func counted(in membership: SequenceRun, from start: UInt32, _ exclusion: inout Int, _ body: (SequenceRun) -> Void) {
        var next = max(membership.from, start)
        while exclusion < self.exclusions.count, self.exclusions[exclusion].from <= membership.to {
            let out = self.exclusions[exclusion]
            if out.to >= next {
                if out.from > next { body(SequenceRun(from: next, to: out.from - 1)) }
                // It may reach into the next membership too: it stays the first.
                guard out.to < membership.to else { return }
                next = out.to + 1
            }
            exclusion += 1
        }
        body(SequenceRun(from: next, to: membership.to))
    }

    // MARK: Changes

    /// Makes a change; false if the history has it already. A row read from the store may be ahead of what was heard, so
    /// every change may come a second time, and late.
    mutating func apply(_ change: SlotChange) -> Bool {
        switch change.kind {
        case .join: self.join(at: change.sequence)
        case .end: self.end(at: change.sequence)
        case .exclude: self.exclude(from: change.sequence)
        case .include: self.include(from: change.sequence)
        }
    }

    private mutating func join(at sequence: UInt32) -> Bool {
        let run = SequenceRun(from: sequence, to: SequenceRun.open)
        if self.first.from == 0 {
            self.first = run
            return true
        }
        guard !self.lastMembership.isOpen, self.lastMembership.to < sequence else { return false }
        self.later.append(run)
        return true
    }

    private mutating func end(at sequence: UInt32) -> Bool {
        let last = self.lastMembership
        guard last.isOpen, last.from <= sequence else { return false }
        if self.later.isEmpty { self.first.to = sequence } else { self.later[self.later.count - 1].to = sequence }
        return true
    }

    private mutating func exclude(from sequence: UInt32) -> Bool {
        if let last = self.exclusions.last {
            guard !last.isOpen, last.to < sequence else { return false }
        }
        self.exclusions.append(SequenceRun(from: sequence, to: SequenceRun.open))
        return true
    }

    /// An exclusion that nothing was written in leaves no trace.
    private mutating func include(from sequence: UInt32) -> Bool {
        guard let last = self.exclusions.last, last.isOpen, last.from <= sequence else { return false }
        if last.from == sequence {
            self.exclusions.removeLast()
        } else {
            self.exclusions[self.exclusions.count - 1].to = sequence - 1
        }
        return true
    }

    /// What its arrays take beside the value, in bytes.
    var memoryBytes: Int { self.later.memoryBytes + self.exclusions.memoryBytes }
}
