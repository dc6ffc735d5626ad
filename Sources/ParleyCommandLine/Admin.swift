import ArgumentParser
import ParleyClient
import ParleyServer

struct Admin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Looks after users, groups and reports.",
        discussion: """
            Works on the data folder, through the server that runs on it; who may read the folder may do all of this, and nobody else. Lists \
            and acts on accounts work without a running server too. What is done to a group is decided as if its owner did it, and is \
            marked in its log as the operator's.

            Users are named by id or name, groups by id or title. --json prints what scripts want; times are milliseconds since 1970.

            Examples:
              parley admin users --data ./data --search an
              parley admin disable --data ./data Mallory
              parley admin transfer --data ./data Team Ann
              parley admin reports --data ./data --json
              parley admin stats --data ./data --seconds 5
            """,
        subcommands: [
            Users.self, Disable.self, Enable.self, Password.self, LogOut.self, Sessions.self, Groups.self, Members.self,
            Dissolve.self,
            Transfer.self, Cap.self, Reports.self, Resolve.self, Audit.self, Stats.self,
        ])
}

/// What every command of an operator takes.
struct AdminOptions: ParsableArguments {
    @Option(help: "The data folder.")
    var data = "./data"

    @Flag(help: "Prints one JSON object.")
    var json = false

    /// Runs the command and prints its answer.
    ///
    /// - Parameters:
    ///   - given: Names and values; empty ones are left out.
    ///   - columns: Of a list, in their order.
    func run(_ command: String, _ given: [(String, String?)], columns: [String] = []) async throws {
        try await report {
            var input = ""
            for case (let name, .some(let value)) in given where !value.isEmpty {
                guard !value.contains(where: \.isNewline) else { throw StartFailure("\(name) has no line breaks.") }
                input += "\(name) \(value)\n"
            }
            let bytes = try await runOnFolder(self.data, command: "admin \(command)", input: Array(input.utf8))
            guard !self.json else { return try say(String(decoding: bytes, as: UTF8.self), terminator: "") }
            guard let answer = JSONTree(bytes) else {
                throw StartFailure("The answer cannot be read. Is the server of this version?")
            }
            for line in AdminTable.lines(answer, columns) { try say(line) }
        }
    }
}

/// An answer as a person reads it.
enum AdminTable {
    /// The widest column, in columns of the screen.
    static let widest = 60

    static func lines(_ answer: JSONTree, _ columns: [String]) -> [String] {
        guard case .array(let rows)? = answer["rows"] else { return self.fields(answer) }
        let cells = rows.map { row in columns.map { self.text(row[$0], column: $0) } }
        let widths = columns.indices.map { index in
            min(Self.widest, cells.reduce(columns[index].count) { max($0, Shown.width($1[index])) })
        }
        return ([columns] + cells).map { row in
            let padded = row.enumerated().map { $0 == columns.count - 1 ? $1 : Shown.padded($1, widths[$0]) }
            return padded.joined(separator: "  ")
        }
    }

    private static func fields(_ answer: JSONTree) -> [String] {
        guard case .object(let fields) = answer else { return [] }
        return fields.keys.sorted().map { Shown.padded($0, 22) + " " + self.text(fields[$0], column: $0) }
    }

    private static func text(_ value: JSONTree?, column: String) -> String {
        switch value {
        case .string(let text): Shown.line(text)
        case .integer(let number): ["created", "expires", "time"].contains(column) ? self.date(number) : "\(number)"
        case .boolean(let value): value ? "yes" : "no"
        // Of a message the text; of a change, what it says.
        case .object(let fields): Shown.line(fields["text"]?.text ?? self.summary(fields))
        case .array(let values): values.compactMap { $0.text ?? $0.integer.map(String.init) }.joined(separator: ",")
        case .other, nil: ""
        }
    }

    private static func summary(_ fields: [String: JSONTree]) -> String {
        fields.keys.sorted().filter { $0 != "type" && $0 != "slots" }.map { name in
            "\(name)=\(self.text(fields[name], column: ""))"
        }.joined(separator: " ")
    }

    /// "2026-01-01 00:00:00" in UTC, by the civil calendar (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    static func date(_ milliseconds: Int64) -> String {
        guard milliseconds > 0 else { return "" }
        let seconds = milliseconds / 1_000
        let days = seconds / 86_400 + 719_468
        let era = days / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let two = { (number: Int64) in (number < 10 ? "0" : "") + "\(number)" }
        let time = [seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60].map(two).joined(separator: ":")
        return "\(year)-\(two(month))-\(two(dayOfYear - (153 * shifted + 2) / 5 + 1)) \(time)"
    }
}
