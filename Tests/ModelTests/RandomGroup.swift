import ParleyDomain

/// A generator whose numbers are the same on every run (SplitMix64).
struct Dice {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    /// A number from 0 to below the bound; 0 for a bound of 0.
    mutating func below(_ bound: Int) -> Int {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return bound <= 0 ? 0 : Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }

    mutating func chance(_ percent: Int) -> Bool { self.below(100) < percent }
}

/// What a book is told.
enum Told {
    case grew(Int)
    case advanced(slot: Int, read: Int, delivered: Int)
    case joined(slot: Int, at: Int, visibleFrom: Int)
    case ended(slot: Int, at: Int)
    case excluded(slot: Int, from: Int)
    case included(slot: Int, at: Int)

    func tell(_ book: inout ReceiptBook) {
        switch self {
        case .grew(let sequence): book.grow(to: Int64(sequence))
        case .advanced(let slot, let read, let delivered):
            book.advance(slot: Int32(slot), read: Int64(read), delivered: Int64(delivered))
        case .joined(let slot, let at, let visibleFrom):
            book.join(slot: Int32(slot), at: Int64(at), visibleFrom: Int64(visibleFrom))
        case .ended(let slot, let at): book.end(slot: Int32(slot), at: Int64(at))
        case .excluded(let slot, let from): book.exclude(slot: Int32(slot), from: Int64(from))
        case .included(let slot, let at): book.include(slot: Int32(slot), at: Int64(at))
        }
    }
}

/// A group in which random things happen, in the naive model; says what a book must be told, and keeps intervals as a store does.
struct RandomGroup {
    private(set) var model: NaiveGroup
    private var intervals: [Int: [Interval]] = [:]
    private var exclusions: [Int: [Interval]] = [:]
    /// By slot, from slot 1.
    private(set) var users: [Int] = []
    private let population: Int
    /// Whether former members acknowledge too; else such acknowledgements are refused, as the sequencer does it.
    private let hearsFormerMembers: Bool

    init(_ dice: inout Dice, hearsFormerMembers: Bool = true) {
        self.hearsFormerMembers = hearsFormerMembers
        self.population = 2 + dice.below(dice.chance(30) ? 69 : 12)
        let others = (2...self.population).filter { _ in dice.chance(60) }
        self.model = NaiveGroup(creator: 1, others: others, historyVisible: dice.chance(50))
        self.users = [1] + others
        for user in self.users { self.intervals[user] = [Interval(from: 1)] }
    }

    var head: Int { self.model.head }

    /// The rows of slots as they are now.
    func rows(_ slots: ClosedRange<Int>) -> [ReceiptRow] {
        slots.map { slot in
            let user = self.users[slot - 1]
            let member = self.model.members[user]
            return ReceiptRow(
                slot: Int32(slot), read: Int64(member?.read ?? 0), delivered: Int64(member?.delivered ?? 0),
                intervals: self.intervals[user] ?? [], exclusions: self.exclusions[user] ?? [])
        }
    }

    /// Something happens.
    mutating func step(_ dice: inout Dice) -> [Told] {
        let user = 1 + dice.below(self.population)
        let isMember = self.model.members[user]?.isIn == true
        switch dice.below(100) {
        case 0..<35:
            guard isMember else { return [] }
            self.model.send(by: user)
            return [.grew(self.head)]
        case 35..<42:
            guard isMember else { return [] }
            let kinds: [NaiveGroup.Kind] = [.edit, .recall, .reaction]
            self.model.relate(kinds[dice.below(3)], to: 1 + dice.below(self.head), by: user)
            return [.grew(self.head)]
        case 42..<80: return self.acknowledge(user, isMember: isMember, &dice)
        case 80..<87: return self.setReceipts(of: user, on: dice.chance(50))
        case 87..<93: return self.add(user, &dice)
        default: return self.end(user, by: dice.chance(50) ? user : 1 + dice.below(self.population))
        }
    }

    private mutating func acknowledge(_ user: Int, isMember: Bool, _ dice: inout Dice) -> [Told] {
        guard let slot = self.model.members[user]?.slot, isMember || self.hearsFormerMembers else { return [] }
        // Now and then all, something beyond the head, or something old.
        let read = dice.chance(30) ? self.head : dice.below(self.head + 3)
        let delivered = dice.chance(50) ? read : dice.below(self.head + 3)
        self.model.acknowledge(user, device: dice.below(3), read: read, delivered: delivered)
        return [.advanced(slot: slot, read: read, delivered: delivered)]
    }

    private mutating func setReceipts(of user: Int, on: Bool) -> [Told] {
        guard self.model.optedOut.contains(user) == on else { return [] }
        self.model.setReceipts(on, of: user)
        guard let slot = self.model.members[user]?.slot else { return [] }
        let next = Int64(self.head + 1)
        if on {
            Self.close(&self.exclusions[user, default: []], at: self.head)
            return [.included(slot: slot, at: Int(next))]
        }
        self.exclusions[user, default: []].append(Interval(from: next))
        return [.excluded(slot: slot, from: Int(next))]
    }

    private mutating func add(_ user: Int, _ dice: inout Dice) -> [Told] {
        let joining = (user...min(self.population, user + dice.below(3))).filter { self.model.members[$0]?.isIn != true }
        guard !joining.isEmpty else { return [] }
        let isNew = joining.map { self.model.members[$0] == nil }
        self.model.add(joining, by: 1)
        var told: [Told] = []
        for (user, isNew) in zip(joining, isNew) {
            let slot = self.model.slot(of: user)
            self.intervals[user, default: []].append(Interval(from: Int64(self.head)))
            told.append(.joined(slot: slot, at: self.head, visibleFrom: self.model.historyVisible ? 1 : self.head))
            guard isNew else { continue }
            self.users.append(user)
            guard self.model.optedOut.contains(user) else { continue }
            self.exclusions[user] = [Interval(from: Int64(self.head))]
            told.append(.excluded(slot: slot, from: self.head))
        }
        return told
    }

    private mutating func end(_ user: Int, by actor: Int) -> [Told] {
        guard self.model.members[user]?.isIn == true, self.model.members[actor]?.isIn == true else { return [] }
        self.model.end(user, by: actor)
        Self.close(&self.intervals[user, default: []], at: self.head)
        return [.ended(slot: self.model.slot(of: user), at: self.head)]
    }

    private static func close(_ intervals: inout [Interval], at sequence: Int) {
        guard let last = intervals.popLast() else { return }
        intervals.append(Interval(from: last.from, to: Int64(sequence)))
    }
}
