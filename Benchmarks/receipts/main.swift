import ParleyDomain

// parley-receipt-bench [largest number of members]
//
// What receipts cost in bytes, in five ways of keeping them, and what ours cost in time: two tables in Markdown.
let largest = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 1_000_000

func grouped(_ number: Double) -> String {
    guard number < 1_000 else {
        let digits = String(Int(number.rounded()))
        return String(
            digits.enumerated().flatMap { index, digit in
                index > 0 && (digits.count - index) % 3 == 0 ? [",", digit] : [digit]
            })
    }
    let tenths = Int((number * 10).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
}

func time(_ seconds: Double) -> String {
    switch seconds {
    case ..<1e-6: "\(grouped(seconds * 1e9)) ns"
    case ..<1e-3: "\(grouped(seconds * 1e6)) µs"
    default: "\(grouped(seconds * 1e3)) ms"
    }
}

func printBytes() throws {
    let row = try measuredRowBytes()
    print("A row per reader: \(grouped(row)) B (SQLite, measured). Ours: a book of \(Shape.messages) messages in memory.\n")
    print(
        "| members | two id lists, 8 B each | a row per reader | record, bitmap | record, 10 readers | ours, per message | ours, per member: usual | all spread | a fifth left |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for members in [10, 100, 200, 1_000, 10_000, 100_000, 1_000_000] where members <= largest {
        guard
            let half = try bookOfFewReaders(members, readers: members / 2).record(of: Shape.messages, senderSlot: 1),
            let few = try bookOfFewReaders(members, readers: min(10, members / 2)).record(of: Shape.messages, senderSlot: 1)
        else { throw BenchError(text: "no record") }
        var cells = [
            grouped(Double(members)), grouped(8 * Double(members)), grouped(row * Double(members - 1)),
            grouped(Double(half.encoded(as: .bitmap).count)), grouped(Double(few.encoded.count)), "0",
        ]
        for shape in Shape.allCases {
            cells.append(grouped(try Double(shape.book(members).memoryBytes) / Double(members)))
        }
        print("| \(cells.joined(separator: " | ")) |")
    }
}

/// Seconds of one of many acknowledgements, each by a random member, up to 10 messages further.
func advanceTime(_ book: inout ReceiptBook, members: Int, seed: UInt64) -> Double {
    var dice = Dice(seed: seed)
    let acknowledgements = (0..<200_000).map { _ in
        (slot: Int32(clamping: 1 + dice.below(members)), by: Int64(1 + dice.below(10)))
    }
    let start = now()
    for one in acknowledgements {
        let read = (book.position(of: one.slot)?.read ?? 0) + one.by
        book.advance(slot: one.slot, read: read, delivered: read)
    }
    return (now() - start) / Double(acknowledgements.count)
}

/// Seconds of the counts of one message among 200 that are asked for together.
func countsTime(_ book: ReceiptBook, seed: UInt64) throws -> Double {
    var dice = Dice(seed: seed)
    let sequences = (0..<200).map { _ in Shape.messages - Int64(dice.below(2_000)) }
    var read = 0
    let seconds = median(of: 51, calls: 20) {
        for sequence in sequences { read += book.counts(of: sequence, senderSlot: 1)?.read ?? 0 }
    }
    guard read > 0 else { throw BenchError(text: "no counts") }
    return seconds / 200
}

func pageTime(_ book: ReceiptBook, _ sequence: Int64, _ list: ReaderList, slots: Int) throws -> Double {
    var page: ReaderPage?
    let seconds = median(of: 51, calls: 20) {
        page = book.readers(of: sequence, senderSlot: 1, list: list, afterSlot: 0, limit: 100)
    }
    guard page?.slots.count == slots else { throw BenchError(text: "\(page?.slots.count ?? 0) slots for \(slots)") }
    return seconds
}

func printTimes() throws {
    print(
        "\n| members | load | acknowledge, usual | all spread | counts of one message, usual | all spread |"
            + " page of 100 unread | page of the last 100 readers | of the last who has not read, a fifth left | record |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for members in [1_000, 100_000, 1_000_000] where members <= largest {
        let rows = Shape.usual.rows(members)
        let load = try median(of: 5) {
            var book = ReceiptBook(head: Shape.messages, lastSlot: Int32(clamping: members))
            try book.load(rows)
        }
        var (usual, spread) = (try Shape.usual.book(members), try Shape.spread.book(members))
        let few = try bookOfFewReaders(members, readers: 100)
        let left = try bookOfOneUnread(members)
        var cells = [grouped(Double(members)), time(load)]
        let counts = try [countsTime(usual, seed: 3), countsTime(spread, seed: 3)]
        cells.append(time(advanceTime(&usual, members: members, seed: 4)))
        cells.append(time(advanceTime(&spread, members: members, seed: 4)))
        cells += counts.map(time)
        cells.append(time(try pageTime(few, Shape.messages, .unread, slots: 100)))
        cells.append(time(try pageTime(few, Shape.messages, .read, slots: 100)))
        cells.append(time(try pageTime(left, Shape.messages, .unread, slots: 1)))
        cells.append(time(median(of: 5) { _ = few.record(of: Shape.messages, senderSlot: 1) }))
        print("| \(cells.joined(separator: " | ")) |")
    }
}

/// All have read the newest message but the last slot and a fifth who left before it: the longest search that there is.
func bookOfOneUnread(_ members: Int) throws -> ReceiptBook {
    var book = ReceiptBook(head: Shape.messages, lastSlot: Int32(clamping: members))
    try book.load(
        (1...members).map { slot in
            let hasLeft = slot % 5 == 2
            let read = hasLeft ? 50 : slot == members ? 60 : Shape.messages
            return ReceiptRow(
                slot: Int32(clamping: slot), read: read, delivered: read, intervals: [Interval(from: 1, to: hasLeft ? 50 : nil)])
        })
    return book
}

try printBytes()
try printTimes()
