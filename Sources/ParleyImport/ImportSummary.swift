/// What an import did, in numbers that add up.
package struct ImportSummary: Sendable, Equatable {
    package var files = 0
    /// `lines` is the sum of messages, memberships and rejected lines.
    package var lines = 0
    package var messages = 0
    package var joins = 0
    package var repeatedJoins = 0
    package var parts = 0
    package var repeatedParts = 0
    package var renames = 0
    package var kicks = 0
    package var rejected: [IRCLine.Rejection: Int] = [:]
    /// Lines, of those above, with bytes that are no UTF-8, shown as U+FFFD.
    package var mended = 0

    /// `annotations` is the sum of the five below it.
    package var annotations = 0
    package var replies = 0
    package var unanswered = 0
    package var furtherAnswers = 0
    package var answersToNoMessage = 0
    package var badAnnotations = 0

    package var nicks = 0
    /// Accounts that were not there before, and those whose name is written in another way now.
    package var accountsMade = 0
    package var accountsRenamed = 0
    /// Entries of the group's log: new ones, and those that an earlier import had stored.
    package var entriesNew = 0
    package var entriesThere = 0

    package init() {}

    package var rejectedLines: Int { self.rejected.values.reduce(0, +) }

    package var memberships: Int { self.joins + self.repeatedJoins + self.parts + self.repeatedParts + self.renames + self.kicks }

    /// Whether every line, and every annotation, stands in exactly one count.
    package var addsUp: Bool {
        self.lines == self.messages + self.memberships + self.rejectedLines
            && self.annotations == self.replies + self.unanswered + self.furtherAnswers + self.answersToNoMessage
                + self.badAnnotations
    }

    /// The table that the command prints: a name and a number a line; what is part of the line above is set in.
    package var table: String {
        var rows: [(String, Int)] = [
            ("files", self.files), ("lines", self.lines), ("  messages", self.messages), ("  membership", self.memberships),
            ("    joins", self.joins), ("    joins of who was there", self.repeatedJoins), ("    parts", self.parts),
            ("    parts of who was gone", self.repeatedParts), ("    renames", self.renames), ("    kicks", self.kicks),
            ("  rejected", self.rejectedLines),
        ]
        for reason in IRCLine.Rejection.allCases { rows.append(("    " + reason.rawValue, self.rejected[reason] ?? 0)) }
        rows += [
            ("lines with bytes that are no UTF-8", self.mended), ("annotations", self.annotations), ("  replies", self.replies),
            ("  answers to nothing", self.unanswered), ("  second answers", self.furtherAnswers),
            ("  to or from what is no message", self.answersToNoMessage), ("  malformed", self.badAnnotations),
            ("nicks", self.nicks), ("accounts made", self.accountsMade),
            ("accounts written in another way", self.accountsRenamed),
            ("entries that were there", self.entriesThere), ("entries new", self.entriesNew),
        ]
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { name, count in
            let digits = String(count)
            return name + String(repeating: " ", count: width + 10 - name.count - digits.count) + digits + "\n"
        }.joined()
    }
}
