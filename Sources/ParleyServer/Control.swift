import ParleyDomain
import ParleyEngine
package import ParleySQLite
import Synchronization

/// The operator's commands, the same whether a server runs on the folder (over its control socket) or not (under its lock).
package struct Control: Sendable {
    private let database: SQLiteDatabase
    /// Nil where no server runs on the folder.
    private let live: LiveServer?
    private let turns = Turns()

    package init(database: SQLiteDatabase, live: LiveServer? = nil) {
        self.database = database
        self.live = live
    }

    /// Runs a command by its name.
    package func run(_ command: String, _ input: [UInt8], _ progress: @escaping @Sendable (String) -> Void) async throws
        -> [UInt8]
    {
        if command.hasPrefix("admin ") {
            return try await AdminCommands(database: self.database, live: self.live, input: input).run(
                String(command.dropFirst(6)))
        }
        switch command {
        case "provision": return try await onOwnThread { try self.turns.take { try self.provision(input, progress) } }
        case "check":
            let interruption = Interruption()
            return try await withTaskCancellationHandler {
                try await onOwnThread { try self.turns.take { try self.check(interruption, progress) } }
            } onCancel: {
                interruption.interrupt()
            }
        default: throw StartFailure("No such command: \(command.prefix(40)). This server knows provision, check and admin.")
        }
    }

    /// Makes what a plan lists; gives the accounts file.
    private func provision(_ input: [UInt8], _ progress: (String) -> Void) throws -> [UInt8] {
        let file = try ProvisionPlanFile(input)
        progress("plan: \(file.users.count) users, \(file.groups.count) groups")
        let accounts = SQLiteAccountStore(self.database)
        let tokens = ProvisionTokens(secret: try accounts.secret(named: "provision") { systemRandom(32) })
        let now = systemMilliseconds()
        try accounts.provision(file.plan(tokens: tokens, at: now), at: now)
        progress("done in \(systemMilliseconds() - now) ms")
        return Array(file.accountsFile(tokens: tokens).utf8)
    }

    private func report(_ interruption: Interruption, _ progress: (String) -> Void) throws -> CheckReport {
        do throws(StoreFailure) {
            return try self.database.check(interruption) { conversations, entries in
                progress("checked \(conversations) conversations, \(entries) entries")
            }
        } catch {
            throw interruption.isSet ? StartFailure("The server ends, and the check with it: check again.") : error
        }
    }

    /// Checks every entry; gives the report. Throws where something is wrong.
    private func check(_ interruption: Interruption, _ progress: (String) -> Void) throws -> [UInt8] {
        let report = try self.report(interruption, progress)
        guard report.isSound else {
            for problem in report.problems { progress(problem) }
            throw StartFailure(
                "\(report.problemCount) problems found. Restore a backup; no entry that fails its check is ever served.")
        }
        let text =
            "sound: \(report.conversations) conversations, \(report.entries) entries, \(report.members) memberships, \(report.users) users, \(report.sessions) sessions\n"
        return Array(text.utf8)
    }
}

/// What holds a reader or the writer for long is done one after the other, so that it never takes all of them. Threads of the commands' own
/// wait here.
private final class Turns: Sendable {
    private let one = Mutex(false)

    func take(_ body: () throws -> [UInt8]) throws -> [UInt8] { try self.one.withLock { _ in try body() } }
}
