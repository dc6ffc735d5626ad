import ParleyDomain
import ParleyEngine
package import ParleyImport
import ParleySQLite

/// `parley import irc`: reads the files, opens the folder, runs the import.
package struct ImportCommand: Sendable {
    /// Log files of one import.
    package static let filesMax = 10_000
    /// Logs and annotations of one import together, in bytes: they are held in memory.
    package static let bytesMax = 536_870_912

    package var folder: String
    package var files: [String]
    /// The group's id, made by the first import.
    package var group: String
    package var title: String
    /// The log-in name of the group's owner; an account of this name is made if there is none.
    package var owner: String
    /// For an owner who is made.
    package var password: String?

    package init(folder: String, files: [String], group: String, title: String, owner: String, password: String?) {
        self.folder = folder
        self.files = files
        self.group = group
        self.title = title
        self.owner = owner
        self.password = password
    }

    package struct Result: Sendable {
        package var summary: ImportSummary
        /// A line for each rejected line.
        package var rejects: [String]
    }

    /// Whether an account of the owner's name would have to be made, so that a password is asked for before the import begins. Nobody is
    /// asked for the sake of logs that cannot be read.
    package func ownerIsMissing() async throws -> Bool {
        try await onOwnThread {
            _ = try self.logs()
            let database = try self.open()
            defer { database.close() }
            return try SQLiteAccountStore(database).account(named: NamePolicy.name(self.owner, field: "owner")) == nil
        }
    }

    package func run(_ progress: @escaping @Sendable (ImportProgress) -> Void) async throws -> Result {
        guard let group = ConversationID(rawValue: self.group) else {
            throw StartFailure("--group takes 1 to 64 of the characters A-Z a-z 0-9 . _ - : @.")
        }
        let (owner, title): (String, String)
        do throws(Refusal) {
            owner = try NamePolicy.name(self.owner, field: "owner")
            title = try NamePolicy.name(self.title, field: "title")
            if let password { try NamePolicy.newPassword(password) }
        } catch {
            throw StartFailure(error.message)
        }
        let hash: String? =
            if let password { try await PasswordHasher().hash(password) } else { nil }
        return try await onOwnThread {
            let logs = try self.logs()
            let database = try self.open()
            defer { database.close() }
            let accounts = SQLiteAccountStore(database)
            let user = try self.ownerAccount(owner, hash, accounts)
            var run = ImportRun(
                store: try SQLiteMessageStore(database),
                group: ImportGroup(id: group, title: title, owner: user, ownerName: owner),
                makeAccounts: { try accounts.makeImported($0) })
            let (summary, rejects) = try run.run(logs, progress: progress)
            return Result(summary: summary, rejects: rejects)
        }
    }

    private func open() throws -> SQLiteDatabase {
        do throws(OpenFailure) {
            return try SQLiteDatabase(folder: self.folder)
        } catch {
            guard case .locked = error.kind else { throw StartFailure(error.description) }
            throw StartFailure(
                "A server runs on \(self.folder). Stop it (SIGTERM finishes what it has), import, and start it again.")
        }
    }

    private func ownerAccount(_ name: String, _ hash: String?, _ accounts: SQLiteAccountStore) throws -> UserID {
        if let account = try accounts.account(named: name) { return account.id }
        do throws(Refusal) { _ = try NamePolicy.newName(name, field: "owner") } catch { throw StartFailure(error.message) }
        let id = AccountID.make(systemRandom)
        try accounts.createAccount(Account(id: id, name: name, passwordHash: hash, created: systemMilliseconds()))
        return id
    }

    // MARK: Files

    /// A file `X.annotation.txt` beside `X.raw.txt` says which line answers which. One that is named too is no log.
    private func logs() throws -> [IRCLog] {
        let names = self.files.filter { !$0.hasSuffix(Self.annotationEnd) }
        guard !names.isEmpty else { throw StartFailure("Name at least one log, such as 2005-02-08.raw.txt.") }
        guard names.count <= Self.filesMax else { throw StartFailure("At most \(Self.filesMax) logs at a time.") }
        var bytes = 0
        return try names.map { path in
            let log = try readFile(path)
            let beside = Self.annotations(of: path)
            let annotations = fileExists(beside) ? try readFile(beside) : nil
            bytes += log.count + (annotations?.count ?? 0)
            guard bytes <= Self.bytesMax else {
                throw StartFailure("At most \(Self.bytesMax) bytes at a time: name fewer files, and the others later.")
            }
            return try IRCLog(name: String(path[Self.nameStart(path)...]), bytes: log, annotations: annotations)
        }
    }

    private static let annotationEnd = ".annotation.txt"

    private static func annotations(of path: String) -> String {
        for end in [".raw.txt", ".txt", ".log"] where path.hasSuffix(end) { return path.dropLast(end.count) + self.annotationEnd }
        return path + self.annotationEnd
    }

    private static func nameStart(_ path: String) -> String.Index {
        path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    }
}
