import NIOCore
import ParleyDomain
import ParleyEngine
import ParleySQLite

/// What a running server has that a folder alone has not: the one that decides about conversations, and the sessions in use.
package struct LiveServer: Sendable {
    let engine: Engine
    let accounts: AccountManager
    /// When it was started, in milliseconds since 1970.
    let started: Int64

    init(engine: Engine, accounts: AccountManager) {
        self.engine = engine
        self.accounts = accounts
        self.started = systemMilliseconds()
    }
}

/// The operator's commands (`parley admin`): look at users, groups, reports and figures, and act on them.
///
/// Acts on a conversation are decided by the engine like those of its owner, and marked in the log as the operator's (the client id
/// begins with `operator:`, which no client can use): they need a running server. Acts on accounts work without one too.
struct AdminCommands {
    let database: SQLiteDatabase
    let live: LiveServer?
    /// What the command was given, by name.
    let given: [String: String]
    let now = systemMilliseconds()

    var look: Administration { Administration(self.database) }
    private var accounts: SQLiteAccountStore { SQLiteAccountStore(self.database) }

    /// - Parameter input: Lines of a name, a space and a value.
    init(database: SQLiteDatabase, live: LiveServer?, input: [UInt8]) {
        self.database = database
        self.live = live
        var given: [String: String] = [:]
        for line in input.split(separator: 0x0A).prefix(64) {
            let parts = line.split(separator: 0x20, maxSplits: 1)
            guard parts.count == 2 else { continue }
            given[String(decoding: parts[0], as: UTF8.self)] = String(decoding: parts[1], as: UTF8.self)
        }
        self.given = given
    }

    /// Runs a command; gives a JSON object, one line.
    func run(_ name: String) async throws -> [UInt8] {
        let answer: String
        switch name {
        case "disable", "enable": answer = try await self.disable(name == "disable")
        case "password": answer = try await self.setPassword()
        case "log-out": answer = try await self.logOut()
        case "dissolve": answer = try await self.act(.dissolve, "dissolved")
        case "cap":
            var change = SettingsChange()
            change.memberCap = try self.number("cap", in: 1...Int64(Limits.membersPerGroupMax)).flatMap { Int32(exactly: $0) }
            guard change.memberCap != nil else { throw StartFailure("Give the cap: 1 to \(Limits.membersPerGroupMax).") }
            answer = try await self.act(.change(change), "changed")
        case "transfer": answer = try await self.act(.transfer(try await self.user().user), "transferred")
        case "resolve":
            let (look, name) = (self.look, self.text("group"))
            let group = try await self.store { try Self.group(name, look, isAny: true) }
            let sequence = try self.number("sequence", in: 1...(1 << 53)) ?? 0
            let accounts = self.accounts
            let count = try await self.store { try accounts.resolveReports(of: sequence, in: group.conversation) }
            answer = #"{"done":"resolved","reports":\#(count)}"#
        case "stats": answer = try await self.stats()
        default:
            let commands = self
            answer = try await self.store { try commands.list(name) }
        }
        return Array((answer + "\n").utf8)
    }

    // MARK: What was given

    func text(_ name: String) -> String { self.given[name] ?? "" }

    func number(_ name: String, in range: ClosedRange<Int64>) throws -> Int64? {
        guard let text = self.given[name] else { return nil }
        guard let number = Int64(text), range.contains(number) else {
            throw StartFailure("\(name) takes \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }

    private func user() async throws -> UserProfile {
        let (look, name) = (self.look, self.text("user"))
        return try await self.store { try Self.user(name, look) }
    }

    static func user(_ name: String, _ look: Administration) throws -> UserProfile {
        let found = try look.users(called: name)
        guard let user = found.first else {
            throw StartFailure("There is no user by the name or id \(quoted(name)). `parley admin users` lists them.")
        }
        guard found.count == 1 else {
            let all = found.map { "\($0.user) (by name \(quoted($0.name)))" }.joined(separator: " and ")
            throw StartFailure("\(quoted(name)) is the id of one user and the name of another: \(all). Say it otherwise.")
        }
        return user
    }

    private func group() async throws -> ConversationHead {
        let (look, name) = (self.look, self.text("group"))
        return try await self.store { try Self.group(name, look) }
    }

    /// - Parameter isAny: Whether a direct conversation, by its id, will do.
    static func group(_ name: String, _ look: Administration, isAny: Bool = false) throws -> ConversationHead {
        let found = try look.groups(named: name)
        guard let group = found.first, isAny || group.kind == .group else {
            throw StartFailure("There is no group by the id or title \(quoted(name)). `parley admin groups` lists them.")
        }
        guard found.count == 1 else {
            let ids = found.map(\.conversation.rawValue).joined(separator: ", ")
            throw StartFailure("Several groups have that title. Name one by its id: \(ids).")
        }
        return group
    }

    /// Runs a look at the store, or a change of it, where it may block; what a store says is the operator's to read.
    private func store<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await onOwnThread(body)
    }

    // MARK: Accounts

    private func disable(_ disabled: Bool) async throws -> String {
        let (accounts, user) = (self.accounts, try await self.user())
        try await self.store { try accounts.setDisabled(disabled, user.user) }
        let count = disabled ? try await self.endSessions(of: user.user) : 0
        return
            #"{"done":"\#(disabled ? "disabled" : "enabled")","user":\#(quoted(user.user.rawValue)),"sessions_ended":\#(count)}"#
    }

    private func setPassword() async throws -> String {
        let (accounts, user) = (self.accounts, try await self.user())
        guard !ExternalNames.isReserved(user.user) else {
            throw StartFailure("\(user.user) comes in with the tokens of another application and has no password here.")
        }
        let password = self.text("password")
        do {
            try NamePolicy.newPassword(password)
            let hash = try await PasswordHasher().hash(password)
            try await self.store { try accounts.setPassword(hash, of: user.user) }
        } catch let refusal as Refusal {
            throw StartFailure(refusal.message)
        }
        let count = try await self.endSessions(of: user.user)
        return #"{"done":"password set","user":\#(quoted(user.user.rawValue)),"sessions_ended":\#(count)}"#
    }

    private func logOut() async throws -> String {
        let user = try await self.user()
        let count = try await self.endSessions(of: user.user)
        return #"{"done":"logged out","user":\#(quoted(user.user.rawValue)),"sessions_ended":\#(count)}"#
    }

    /// Ends all of a user's sessions; on a running server their sockets close within a second.
    private func endSessions(of user: UserID) async throws -> Int {
        let (look, accounts, now) = (self.look, self.accounts, self.now)
        let sessions = try await self.store { try look.sessions(of: user, at: now) }
        for session in sessions {
            if let live = self.live {
                do { try await live.accounts.revoke(session.session, of: user) } catch { throw StartFailure(error.message) }
            } else {
                try await self.store { try accounts.revokeSession(session.session, at: now) }
            }
        }
        return sessions.count
    }

    // MARK: Conversations

    private func act(_ action: Command.Action, _ done: String) async throws -> String {
        let (look, group) = (self.look, try await self.group())
        guard let live = self.live else {
            throw StartFailure("A conversation can be changed only while the server runs: start it, then do this again.")
        }
        guard let owner = try await self.store({ try look.owner(of: group.conversation) }) else {
            throw StartFailure("The group has no owner any more.")
        }
        let name = String(UInt64.random(in: .min ... .max), radix: 36) + String(UInt64.random(in: .min ... .max), radix: 36)
        switch try await live.engine.operate(action, in: group.conversation, as: owner, name: name).get() {
        case .stored(let sequence):
            return #"{"done":"\#(done)","group":\#(quoted(group.conversation.rawValue)),"sequence":\#(sequence)}"#
        case .refused(let message): throw StartFailure(message)
        case .unknown:
            throw StartFailure("The server ended before it answered. Look at `parley admin audit`, then try again.")
        }
    }

    // MARK: Figures

    /// What the store holds, and on a running server the connections; with `seconds`, how fast it grows.
    private func stats() async throws -> String {
        let (look, now) = (self.look, self.now)
        let counts = try await self.store { try look.counts(at: now) }
        var fields = counts.map { #""\#($0.0)":\#($0.1)"# }
        if let seconds = try self.number("seconds", in: 1...60) {
            try await Task.sleep(for: .seconds(seconds))
            let later = try await self.store { try look.counts(at: now) }
            for ((name, before), (_, after)) in zip(counts, later) where name == "messages" || name == "entries" {
                fields.append(#""\#(name)_per_second":\#((after - before) / seconds)"#)
            }
        }
        if let live = self.live {
            fields.append(#""connections":\#(try await live.engine.counts().get().loops.sockets)"#)
            fields.append(#""waiting_for_accounts":\#(live.accounts.waitingForStore)"#)
            fields.append(#""storing":\#(live.engine.isStoring)"#)
            fields.append(#""up_seconds":\#((self.now - live.started) / 1_000)"#)
        }
        fields.append(#""running":\#(self.live != nil)"#)
        return "{" + fields.joined(separator: ",") + "}"
    }
}

/// As a JSON string.
func quoted(_ text: String) -> String { ControlContent.quoted(text) }
