package import ParleyDomain

/// The group that an import fills.
package struct ImportGroup: Sendable {
    package var id: ConversationID
    /// What it is called if it is made; one that is there keeps its title.
    package var title: String
    package var description: String
    package var owner: UserID
    /// The owner's log-in name, for messages to the operator.
    package var ownerName: String

    package init(id: ConversationID, title: String, description: String = "", owner: UserID, ownerName: String) {
        self.id = id
        self.title = title
        self.description = description
        self.owner = owner
        self.ownerName = ownerName
    }
}

/// How far an import has come.
package struct ImportProgress: Sendable, Equatable {
    package var file: String
    package var lines: Int
    package var of: Int
}

/// Imports logs into one group: every line becomes an entry by way of an ordinary command, or is accounted for.
///
/// Doing it again changes nothing, and what was ended in the middle goes on where it stood: a line's entry is found by its client
/// id, `FILE:LINE`. Steps before the last one that is stored have had their turn, also those that came to nothing; so
/// what a later line changed cannot give them another outcome.
package struct ImportRun {
    /// Makes the accounts that are not there, and shows the others by these names; says how many of both.
    package typealias MakeAccounts = (_ accounts: [Account]) throws -> (made: Int, renamed: Int)

    private let store: any MessageStore
    private let group: ImportGroup
    private let makeAccounts: MakeAccounts
    private var summary = ImportSummary()
    private var rejects: [String] = []
    /// The sequence of the newest entry of these logs.
    private var newest: Int64 = 0

    package init(store: any MessageStore, group: ImportGroup, makeAccounts: @escaping MakeAccounts) {
        self.store = store
        self.group = group
        self.makeAccounts = makeAccounts
    }

    /// Imports logs by date, those of one day by name.
    ///
    /// - Returns: the numbers, and a line for each rejected line: `FILE:LINE: reason: the line`.
    package mutating func run(_ logs: [IRCLog], progress: (ImportProgress) -> Void) throws -> (ImportSummary, rejects: [String]) {
        let logs = logs.sorted { ($0.day, $0.name) < ($1.day, $1.name) }
        self.summary = ImportSummary()
        self.rejects = []
        self.newest = 0
        guard let first = logs.first else { return (self.summary, []) }
        for (log, next) in zip(logs, logs.dropFirst()) where log.name == next.name {
            throw ImportFailure("\(log.name) was named twice: the name of a file is part of the id of its lines.")
        }
        try self.makeAccounts(of: logs)
        let total = logs.reduce(0) { $0 + $1.lines.count }
        var writer = try GroupWriter(self.group, in: self.store, at: first.times.first ?? first.day)
        for log in logs {
            let done = self.summary.lines
            try self.run(log, &writer) { progress(ImportProgress(file: log.name, lines: done + $0, of: total)) }
        }
        // What was said long ago is no news to who brought it in; what was said here since is.
        try self.store.advance([
            PositionUpdate(conversation: self.group.id, user: self.group.owner, read: self.newest, delivered: self.newest)
        ])
        guard self.summary.addsUp else { throw ImportFailure("The counts do not add up:\n\(self.summary.table)") }
        return (self.summary, self.rejects)
    }

    /// One account a nick, shown as the nick was written last.
    private mutating func makeAccounts(of logs: [IRCLog]) throws {
        var accounts: [UserID: Account] = [:]
        var order: [UserID] = []
        for log in logs {
            for nick in log.nicks {
                if accounts[nick.account] == nil {
                    order.append(nick.account)
                    accounts[nick.account] = Account(id: nick.account, name: nick.written, passwordHash: nil, created: log.day)
                }
                accounts[nick.account]?.name = nick.written
            }
        }
        self.summary.nicks = order.count
        (self.summary.accountsMade, self.summary.accountsRenamed) = try self.makeAccounts(order.compactMap { accounts[$0] })
    }

    // MARK: One log

    private mutating func run(_ log: IRCLog, _ writer: inout GroupWriter, progress: (Int) -> Void) throws {
        let plan = IRCPlan(log)
        var sequences: [Int: Int64] = [:]
        var stored: [Entry?] = []
        for step in plan.steps {
            let command = self.command(step, log, sequences)
            stored.append(try writer.stored(command, by: self.sender(of: step)))
        }
        let handled = stored.lastIndex { $0 != nil } ?? -1
        for (index, step) in plan.steps.enumerated() {
            let command = self.command(step, log, sequences)
            let outcome: GroupWriter.Outcome? =
                if index <= handled {
                    self.compare(command, stored[index])
                } else {
                    try writer.decide(command, by: self.sender(of: step), at: step.time)
                }
            if index > handled, case .entry? = outcome { self.summary.entriesNew += 1 }
            self.account(outcome, for: step, plan, log, &sequences)
            if index % 256 == 0 { progress(step.line ?? 0) }
        }
        try writer.flush()
        self.account(for: log, plan)
        progress(log.lines.count)
    }

    /// Nil where the step was stored with other content than it has now.
    private mutating func compare(_ command: Command, _ entry: Entry?) -> GroupWriter.Outcome? {
        guard let entry else {
            // Of an earlier import: it came to nothing then, and a message never does.
            if case .send = command.action { return nil }
            return .nothing
        }
        guard command.mayHaveMade(entry) else { return nil }
        self.summary.entriesThere += 1
        return .entry(entry.sequence)
    }

    private func sender(of step: IRCPlan.Step) -> UserID {
        switch step.action {
        case .link, .add, .remove: self.group.owner
        case .join(let nick), .leave(let nick), .say(let nick, _, _): nick.account
        }
    }

    private func command(_ step: IRCPlan.Step, _ log: IRCLog, _ sequences: [Int: Int64]) -> Command {
        let action: Command.Action =
            switch step.action {
            case .link(let expires): .makeLink(NewLink(id: self.link(of: log), expires: expires))
            case .add(let nicks): .add(nicks.map(\.account))
            case .join: .join(link: self.link(of: log))
            case .leave: .leave
            case .remove(let nick): .remove(nick.account)
            case .say(_, let text, let replyTo):
                .send(
                    NewMessage(
                        content: Array((#"{"type":"text","text":"# + ControlContent.quoted(text) + "}").utf8),
                        relatesTo: replyTo.flatMap { sequences[$0] } ?? 0))
            }
        return Command(self.group.id, step.clientID, action)
    }

    /// The link by which those come in whom the log sees join: of one name for one group and file (FNV-1a).
    private func link(of log: IRCLog) -> String {
        let hash = (self.group.id.rawValue + "/" + log.name).utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01B3
        }
        return "irc-" + String(hash, radix: 16)
    }

    // MARK: Accounts of lines

    private mutating func account(
        _ outcome: GroupWriter.Outcome?, for step: IRCPlan.Step, _ plan: IRCPlan, _ log: IRCLog, _ sequences: inout [Int: Int64]
    ) {
        if case .entry(let sequence)? = outcome { self.newest = max(self.newest, sequence) }
        switch (step.action, outcome) {
        case (.say(_, _, let replyTo), .entry(let sequence)?):
            guard let line = step.line else { return }
            sequences[line] = sequence
            self.summary.messages += 1
            guard let replyTo else { return }
            if sequences[replyTo] == nil { self.summary.answersToNoMessage += 1 } else { self.summary.replies += 1 }
        case (.say(_, _, let replyTo), _):
            if replyTo != nil { self.summary.answersToNoMessage += 1 }
            if case .refused(let refusal)? = outcome {
                self.reject(step.line, .refused, log, " (\(refusal.code.rawValue): \(refusal.rule))")
            } else {
                self.reject(step.line, .changed, log)
            }
        case (.join, .entry?): break
        case (.join, _):
            // In since an earlier file.
            guard let line = step.line, case .joined? = plan.memberships[line] else { return }
            self.summary.joins -= 1
            self.summary.repeatedJoins += 1
        case (.link, _), (.add, _), (.leave, _), (.remove, _): break
        }
    }

    private mutating func reject(_ line: Int?, _ reason: IRCLine.Rejection, _ log: IRCLog, _ more: String = "") {
        guard let line else { return }
        self.summary.rejected[reason, default: 0] += 1
        self.rejects.append("\(log.name):\(line): \(reason.rawValue)\(more): \(log.text(of: line))")
    }

    /// What follows from the file alone.
    private mutating func account(for log: IRCLog, _ plan: IRCPlan) {
        self.summary.files += 1
        self.summary.lines += log.lines.count
        self.summary.mended += log.mended
        for line in log.lines.indices {
            if case .rejected(let reason, _) = log.lines[line] { self.reject(line, reason, log) }
            switch plan.memberships[line] {
            case .joined: self.summary.joins += 1
            case .joinedAgain: self.summary.repeatedJoins += 1
            case .left: self.summary.parts += 1
            case .leftAgain: self.summary.repeatedParts += 1
            case .renamed: self.summary.renames += 1
            case .kicked: self.summary.kicks += 1
            case nil: break
            }
        }
        let annotations = log.annotations
        self.summary.annotations += annotations.lines
        self.summary.unanswered += annotations.none
        self.summary.furtherAnswers += annotations.further
        self.summary.answersToNoMessage += annotations.noMessage
        self.summary.badAnnotations += annotations.backward + annotations.malformed
    }
}
