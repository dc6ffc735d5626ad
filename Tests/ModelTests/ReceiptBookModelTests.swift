import ParleyDomain
import Testing

/// `ReceiptBook` beside the naive model: random lives of random groups, answers compared after every step.
///
/// A failure names its seed. `PARLEY_RECEIPT_SEED=N swift test --filter ReceiptBookModelTests` runs that one, `PARLEY_MODEL_BASE=N` the
/// eight after N; `PARLEY_RECEIPT_STEPS` changes how many steps a seed has.
@Suite struct ReceiptBookModelTests {
    private static let seeds = ModelSeeds.seeds("PARLEY_RECEIPT_SEED")
    private static let steps = ModelSeeds.number("PARLEY_RECEIPT_STEPS").flatMap { Int(exactly: $0) } ?? 3_000
    /// Entries after which a group is left and another begun.
    private static let longest = 120

    private static func bookAtOnce(_ group: RandomGroup) throws -> ReceiptBook {
        var book = ReceiptBook(head: Int64(group.head), lastSlot: Int32(group.users.count))
        try book.load(group.rows(1...group.users.count))
        return book
    }

    @Test(arguments: seeds) func everyAnswerIsTheModels(_ seed: UInt64) throws {
        var dice = Dice(seed: seed)
        var group = RandomGroup(&dice)
        var book = try Self.bookAtOnce(group)
        for step in 0..<Self.steps {
            if group.head > Self.longest {
                group = RandomGroup(&dice)
                book = try Self.bookAtOnce(group)
            }
            for told in group.step(&dice) { told.tell(&book) }
            let place: Comment = "seed \(seed), step \(step)"
            for sequence in [group.head, 1 + dice.below(group.head)] {
                try Self.compareCounts(book, group.model, sequence, place)
            }
            try Self.compareLists(book, group.model, 1 + dice.below(group.head), limit: 1 + dice.below(40), place)
            try Self.comparePosition(book, group, slot: 1 + dice.below(group.users.count), place)
            if step % 4 == 0 { try Self.compareRecord(book, group.model, 1 + dice.below(group.head), place) }
        }
    }

    /// A book that is begun in the middle of things, told what happens late, and loaded in pieces that were read at any time
    /// since, is in the end the book that was there all the time, and the one that is loaded at once.
    @Test(arguments: seeds) func loadingInPiecesAmongLiveChangesIsLoadingAtOnce(_ seed: UInt64) throws {
        var dice = Dice(seed: seed &+ 1_000_000)
        for round in 0..<max(1, Self.steps / 100) {
            var group = RandomGroup(&dice, hearsFormerMembers: false)
            for _ in 0..<dice.below(150) { _ = group.step(&dice) }
            var book = ReceiptBook(head: Int64(group.head), lastSlot: Int32(group.users.count))
            // What was said and not yet heard, and rows read and not yet taken.
            var unheard: [Told] = []
            var read: [[ReceiptRow]] = []
            var nextSlot = 1
            let place: Comment = "seed \(seed), round \(round)"
            while !book.isLoaded || !unheard.isEmpty {
                unheard += group.step(&dice)
                if dice.chance(20) {
                    // Beyond the slots of the beginning too: rows of those who have joined since.
                    let end = min(group.users.count, nextSlot + dice.below(9))
                    if nextSlot <= end { read.append(group.rows(nextSlot...end)) }
                    nextSlot = max(nextSlot, end + 1)
                }
                if dice.chance(20), !read.isEmpty { try book.load(read.removeFirst()) }
                while !unheard.isEmpty, dice.chance(55) { unheard.removeFirst().tell(&book) }
                if !book.isLoaded { #expect(book.counts(of: 1, senderSlot: 1) == nil, place) }
            }
            var atOnce = try Self.bookAtOnce(group)
            for _ in 0..<20 {
                for told in group.step(&dice) {
                    told.tell(&book)
                    told.tell(&atOnce)
                }
            }
            for sequence in 1...group.head {
                try Self.compareCounts(book, group.model, sequence, place)
                try Self.compareCounts(atOnce, group.model, sequence, place)
            }
            try Self.compareLists(book, group.model, 1 + dice.below(group.head), limit: 7, place)
            try Self.compareRecord(book, group.model, 1 + dice.below(group.head), place)
            for slot in 1...group.users.count {
                try Self.comparePosition(book, group, slot: slot, place)
                try Self.comparePosition(atOnce, group, slot: slot, place)
            }
        }
    }

    // MARK: Comparing

    private static func sender(_ model: NaiveGroup, _ sequence: Int) -> Int32 {
        Int32(model.slot(of: model.entries[sequence - 1].sender))
    }

    private static func compareCounts(_ book: ReceiptBook, _ model: NaiveGroup, _ sequence: Int, _ place: Comment) throws {
        let found = book.counts(of: Int64(sequence), senderSlot: Self.sender(model, sequence))
        let wanted = model.counts(of: sequence)
        let isSame =
            found.map { ($0.total, $0.read, $0.unread, $0.delivered) == wanted } ?? false
        try #require(isSame, "\(place), sequence \(sequence): \(String(describing: found)) for \(wanted)")
    }

    private static func comparePosition(_ book: ReceiptBook, _ group: RandomGroup, slot: Int, _ place: Comment) throws {
        let wanted = group.model.members[group.users[slot - 1]].map {
            ReceiptPosition(read: Int64($0.read), delivered: Int64($0.delivered))
        }
        try #require(book.position(of: Int32(slot)) == wanted, "\(place), slot \(slot)")
    }

    private static func compareLists(
        _ book: ReceiptBook, _ model: NaiveGroup, _ sequence: Int, limit: Int, _ place: Comment
    ) throws {
        for list in ReaderList.allCases {
            let wanted = model.slots(of: sequence) { row in
                switch list {
                case .read: row.read
                case .unread: !row.read
                case .delivered: row.delivered
                }
            }
            var found: [Int32] = []
            while let page = book.readers(
                of: Int64(sequence), senderSlot: Self.sender(model, sequence), list: list, afterSlot: found.last ?? 0,
                limit: limit)
            {
                found += page.slots
                guard page.more else { break }
                try #require(page.slots.count == limit, place)
            }
            try #require(found == wanted.map(Int32.init), "\(place), sequence \(sequence), \(list)")
        }
    }

    private static func compareRecord(_ book: ReceiptBook, _ model: NaiveGroup, _ sequence: Int, _ place: Comment) throws {
        let entry = model.entries[sequence - 1]
        let sender = model.slot(of: entry.sender)
        let record = try #require(book.record(of: Int64(sequence), senderSlot: Int32(sender)), place)
        let read = model.slots(of: sequence) { $0.read }
        let counted = model.slots(of: sequence) { _ in true }
        let quit = (1...entry.lastSlot).filter { $0 != sender && !counted.contains($0) }
        try #require(Int(record.lastSlot) == entry.lastSlot, "\(place), sequence \(sequence)")
        try #require(record.slots(.read) == read.map(Int32.init), "\(place), sequence \(sequence)")
        try #require(record.slots(.quit) == quit.map(Int32.init), "\(place), sequence \(sequence)")
        try #require(record.total == counted.count && record.read + record.unread == record.total, "\(place)")
        for encoding in ReceiptRecord.Encoding.allCases {
            let again = try ReceiptRecord(
                decoding: record.encoded(as: encoding), senderSlot: Int32(sender), lastSlotAtMost: book.lastSlot)
            try #require(again == record, "\(place), sequence \(sequence), \(encoding)")
        }
    }
}
