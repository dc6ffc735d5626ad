import ParleyDomain

/// What a log becomes: steps, each at most one entry of the group's log, in order.
///
/// The plan of a file follows from that file alone, so it is the same whatever else is imported, and whenever.
struct IRCPlan: Sendable {
    struct Step: Sendable {
        var action: Action
        /// The line that asks for it; nil for what the file as a whole asks for.
        var line: Int?
        var clientID: ClientID
        /// In milliseconds since 1970.
        var time: Int64
    }

    enum Action: Sendable {
        /// The owner makes the link by which those come in who join; it ends with the file's day, long ago.
        case link(expires: Int64)
        /// The owner adds those who are there though the log does not say how they came in.
        case add([IRCNick])
        case join(IRCNick)
        case leave(IRCNick)
        case remove(IRCNick)
        case say(IRCNick, text: String, replyTo: Int?)
    }

    /// What became of a line that is no message and not rejected.
    enum Membership: Sendable {
        case joined, left, renamed, kicked
        /// He was there already, or gone already: nothing changes.
        case joinedAgain, leftAgain
    }

    private(set) var steps: [Step] = []
    private(set) var memberships: [Int: Membership] = [:]

    private let log: IRCLog
    private var inside: Set<IRCNick> = []
    /// Who has been seen to come or go: he was not there from the start.
    private var seen: Set<IRCNick> = []
    private var present: [IRCNick] = []

    init(_ log: IRCLog) {
        self.log = log
        for line in log.lines.indices { self.read(line) }
        self.steps = self.beginning() + self.steps
    }

    private static let dayMilliseconds: Int64 = 86_400_000

    /// The link, and those who were there when the log began.
    private func beginning() -> [Step] {
        let time = self.log.times.first ?? self.log.day
        func step(_ action: Action, _ part: String) -> Step {
            Step(action: action, line: nil, clientID: ClientID(trusted: "\(self.log.name):\(part)"), time: time)
        }
        var steps = [step(.link(expires: self.log.day + Self.dayMilliseconds), "link")]
        for (number, first) in stride(from: 0, to: self.present.count, by: Limits.usersPerRequest).enumerated() {
            let part = self.present[first..<min(first + Limits.usersPerRequest, self.present.count)]
            steps.append(step(.add(Array(part)), "present-\(number)"))
        }
        return steps
    }

    private mutating func read(_ line: Int) {
        switch self.log.lines[line] {
        case .rejected: break
        case .says(let nick, let text, _):
            self.needs(nick, at: line)
            self.add(.say(nick, text: text, replyTo: self.log.annotations.replies[line]), line)
        case .joins(let nick): self.memberships[line] = self.enter(nick, line) ? .joined : .joinedAgain
        case .leaves(let nick):
            self.wasPresent(nick)
            guard self.inside.remove(nick) != nil else {
                self.memberships[line] = .leftAgain
                return
            }
            self.add(.leave(nick), line)
            self.memberships[line] = .left
        case .kicked(let nick):
            self.wasPresent(nick)
            if self.inside.remove(nick) != nil { self.add(.remove(nick), line) }
            self.memberships[line] = .kicked
        case .renames(let old, let new): self.rename(old, new, line)
        }
    }

    /// Who takes another nick goes by the one and comes in by the other. Where only the case of letters changes, the account shows
    /// the new form and stays.
    private mutating func rename(_ old: IRCNick, _ new: IRCNick, _ line: Int) {
        self.memberships[line] = .renamed
        self.wasPresent(old)
        guard old != new else { return }
        if self.inside.remove(old) != nil { self.add(.leave(old), line) }
        _ = self.enter(new, line)
    }

    /// False where he is in.
    private mutating func enter(_ nick: IRCNick, _ line: Int) -> Bool {
        self.seen.insert(nick)
        guard self.inside.insert(nick).inserted else { return false }
        self.add(.join(nick), line)
        return true
    }

    /// Who speaks is in: from the start, or since some moment that the log does not have.
    private mutating func needs(_ nick: IRCNick, at line: Int) {
        self.wasPresent(nick)
        if self.inside.insert(nick).inserted { self.add(.add([nick]), line) }
    }

    /// Who does something and was never seen to come was there when the log began.
    private mutating func wasPresent(_ nick: IRCNick) {
        guard self.seen.insert(nick).inserted else { return }
        self.inside.insert(nick)
        self.present.append(nick)
    }

    private mutating func add(_ action: Action, _ line: Int) {
        self.steps.append(
            Step(action: action, line: line, clientID: ClientID(trusted: "\(self.log.name):\(line)"), time: self.log.times[line]))
    }
}
