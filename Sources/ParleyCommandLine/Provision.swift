import ArgumentParser
import ParleySQLite
import ParleyServer

struct Provision: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes accounts and groups from a plan, and writes their tokens.",
        discussion: """
            The plan has lines `user N NAME PASSWORD` and `group NAME MEMBER_N ...`; the accounts file gets lines `user password token`. \
            Doing it again changes nothing and gives the same tokens. Works while a server runs on the folder, and without one.

            Example: parley provision --data ./data --plan plan.txt --accounts-out accounts.txt
            """)

    @Option(help: "The data folder.")
    var data = "./data"

    @Option(help: "The file that lists users and groups.")
    var plan: String

    @Option(help: "Where the tokens go; only its owner can read it.")
    var accountsOut: String

    func run() async throws {
        try await report {
            let accounts = try await runOnFolder(self.data, command: "provision", input: readFile(self.plan), makes: true)
            try writePrivateFile(self.accountsOut, accounts)
        }
    }
}

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks every stored entry: order, check sums, counts, memberships.",
        discussion: """
            Exits with 0 if all is sound. Works while a server runs on the folder, and without one.

            Example: parley check --data ./data
            """)

    @Option(help: "The data folder.")
    var data = "./data"

    func run() async throws {
        try await report {
            let text = try await runOnFolder(self.data, command: "check", input: [])
            try say(String(decoding: text, as: UTF8.self), terminator: "")
        }
    }
}

/// Hands a command to the server that runs on the folder, or opens the folder and runs it here.
///
/// - Parameter makes: Whether a database is made where there is none: a command that only looks must not leave one.
func runOnFolder(_ folder: String, command: String, input: [UInt8], makes: Bool = false) async throws -> [UInt8] {
    let progress: @Sendable (String) -> Void = { complain($0) }
    if let answer = try await askRunningServer(folder: folder, command: command, input: input, progress: progress) {
        return answer
    }
    do {
        var options = SQLiteDatabase.Options()
        options.makes = makes
        let database = try SQLiteDatabase(folder: folder, options: options)
        return try await Control(database: database).run(command, input, progress)
    } catch let failure as OpenFailure {
        throw StartFailure(failure.description)
    }
}

/// Turns an error into a sentence on standard error and a failing exit.
func report(_ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch {
        complain("\(error)")
        throw ExitCode.failure
    }
}

/// The same for a command that waits for nothing.
func report(_ body: () throws -> Void) throws {
    do {
        try body()
    } catch {
        complain("\(error)")
        throw ExitCode.failure
    }
}
