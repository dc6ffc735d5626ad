import ParleyDomain

/// Why an import cannot begin, or go on: one sentence that says what to do.
package struct ImportFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}

/// One day of a channel, as a log file has it, and the annotations beside it.
package struct IRCLog: Sendable {
    /// Longest log, in bytes.
    package static let bytesMax = 67_108_864
    /// Longest name of a file, in bytes: it stands in the client id of every line.
    package static let nameBytes = 48
    private static let minuteMilliseconds: Int64 = 60_000

    /// The name of the file, without its folder.
    package let name: String
    /// The first millisecond of the day that the name begins with, since 1970, in UTC.
    package let day: Int64
    /// In the order of the file; the first is line 0, as the annotations count.
    package let lines: [IRCLine]
    /// When each line was written, in milliseconds since 1970: the day and the line's minute; a line without one takes that of the
    /// line before it, those before the first minute take that one.
    package let times: [Int64]
    /// Lines with bytes that are no UTF-8.
    package private(set) var mended = 0
    package let annotations: IRCAnnotations
    private let bytes: [UInt8]
    private let ranges: [Range<Int>]

    /// - Parameters:
    ///   - name: Begins with the day, `YYYY-MM-DD`, and has no characters that an id may not have.
    ///   - bytes: Lines ended by LF or CR LF.
    ///   - annotations: Lines `X Y -`: line Y answers line X. Nil where there are none.
    package init(name: String, bytes: [UInt8], annotations: [UInt8]? = nil) throws(ImportFailure) {
        guard let day = Self.day(of: name) else {
            throw ImportFailure("\(name): the name of a log begins with its day, such as 2005-02-08.")
        }
        guard isIdentifier(name), name.utf8.count <= Self.nameBytes else {
            throw ImportFailure(
                "\(name): the name of a log has at most \(Self.nameBytes) of the characters A-Z a-z 0-9 . _ - : @.")
        }
        guard bytes.count <= Self.bytesMax else { throw ImportFailure("\(name): a log has at most \(Self.bytesMax) bytes.") }
        self.name = name
        self.day = day
        self.bytes = bytes
        self.ranges = Self.split(bytes)
        var nicks: Set<IRCNick> = []
        for range in self.ranges { nicks.formUnion(IRCLine(bytes[range]) { _ in false }.surelyNamed) }
        self.lines = self.ranges.map { IRCLine(bytes[$0], known: nicks.contains) }
        self.times = Self.times(of: self.lines, on: day)
        self.annotations = IRCAnnotations(annotations ?? [], lines: self.lines)
        self.mended = self.ranges.count { String(validating: bytes[$0], as: UTF8.self) == nil }
    }

    /// The line as it stands in the file, at most 400 bytes of it, for the list of rejected lines.
    package func text(of line: Int) -> String {
        guard self.ranges.indices.contains(line) else { return "" }
        return String(decoding: self.bytes[self.ranges[line]].prefix(400), as: UTF8.self)
    }

    /// The nicks of the log, each as it was written last.
    package var nicks: [IRCNick] { self.lines.flatMap(\.named) }

    /// Where lines stand, without their ends. A file that does not end with a line's end has one more.
    private static func split(_ bytes: [UInt8]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            let hasReturn = end > start && bytes[end - 1] == UInt8(ascii: "\r")
            ranges.append(start..<(hasReturn ? end - 1 : end))
            start = end + 1
        }
        return ranges
    }

    private static func times(of lines: [IRCLine], on day: Int64) -> [Int64] {
        var minute = lines.lazy.compactMap(\.minute).first ?? 0
        return lines.map { line in
            minute = line.minute ?? minute
            return day + Int64(minute) * Self.minuteMilliseconds
        }
    }

    /// The day that a name begins with; nil where there is none.
    static func day(of name: String) -> Int64? {
        let words = name.utf8.prefix(10).split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard words.count == 3, words[0].count == 4, words[1].count == 2, words[2].count == 2,
            let year = Self.number(words[0]), let month = Self.number(words[1]), let day = Self.number(words[2]),
            (1970...9999).contains(year), (1...12).contains(month), (1...Self.days(of: month, year)).contains(day)
        else { return nil }
        // Days since 1970: whole years with their leap days, whole months, days.
        var days = (year - 1970) * 365 + Self.leapDays(before: year) - Self.leapDays(before: 1970)
        for earlier in 1..<month { days += Self.days(of: earlier, year) }
        return Int64(days + day - 1) * 86_400_000
    }

    private static func number(_ digits: some Collection<UInt8>) -> Int? {
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    private static func leapDays(before year: Int) -> Int { (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 }

    private static func days(of month: Int, _ year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension IRCLine {
    /// Nil where the line has no time.
    var minute: Int? {
        switch self {
        case .says(_, _, let minute), .rejected(_, let minute): minute
        default: nil
        }
    }

    /// The nicks of the line.
    var named: [IRCNick] {
        switch self {
        case .says(let nick, _, _), .joins(let nick), .leaves(let nick), .kicked(let nick): [nick]
        case .renames(let old, let new): [old, new]
        case .rejected: []
        }
    }

    /// The nicks of a line that has them between marks; not those of a line where they are the first word of a sentence.
    var surelyNamed: [IRCNick] {
        if case .says(_, _, nil) = self { return [] }
        return self.named
    }

    package var isMessage: Bool {
        if case .says = self { return true }
        return false
    }
}

/// Which line answers which.
package struct IRCAnnotations: Sendable, Equatable {
    /// By the line that answers: the line that it answers. Both are messages, and the answer is the later one.
    package private(set) var replies: [Int: Int] = [:]
    /// Lines of the file, and what became of each: a reply, or one of these.
    package private(set) var lines = 0
    /// `X X -`: a line that answers none.
    package private(set) var none = 0
    /// A second antecedent of a line: the first one wins.
    package private(set) var further = 0
    /// One of the two lines is no message, or there is no such line.
    package private(set) var noMessage = 0
    /// The answer would stand before what it answers.
    package private(set) var backward = 0
    package private(set) var malformed = 0

    init(_ bytes: [UInt8], lines log: [IRCLine]) {
        var answered: Set<Int> = []
        for line in bytes.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
            self.lines += 1
            let words = line.split(separator: UInt8(ascii: " "))
            guard words.count == 3, words[2].elementsEqual([UInt8(ascii: "-")]), let first = Self.number(words[0]),
                let answer = Self.number(words[1])
            else {
                self.malformed += 1
                continue
            }
            if first == answer {
                self.none += 1
            } else if !answered.insert(answer).inserted {
                self.further += 1
            } else if first > answer {
                self.backward += 1
            } else if log.indices.contains(answer), log[first].isMessage, log[answer].isMessage {
                self.replies[answer] = first
            } else {
                self.noMessage += 1
            }
        }
    }

    /// At most nine digits: they fit in any Int.
    private static func number(_ word: ArraySlice<UInt8>) -> Int? {
        guard (1...9).contains(word.count), word.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return word.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }
}
