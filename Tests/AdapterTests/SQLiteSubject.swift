import Glibc
import ParleyDomain
import ParleySQLite
import ParleyTestKit

/// A folder that is removed with all it holds when the value goes.
final class TemporaryFolder {
    static let files = ["parley.sqlite", "parley.sqlite-wal", "parley.sqlite-shm", "parley.lock"]

    let path: String

    init() throws {
        var template = Array("/tmp/parley-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError(call: "mkdtemp") }
        self.path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in Self.files { unlink(self.path + "/" + name) }
        rmdir(self.path)
    }

    var database: String { self.path + "/parley.sqlite" }

    /// A folder with the same files as they are now, as a crash would leave them.
    func copy() throws -> TemporaryFolder {
        let copy = try TemporaryFolder()
        for name in ["parley.sqlite", "parley.sqlite-wal"] {
            guard let bytes = try? readBytes(self.path + "/" + name) else { continue }
            try writeBytes(bytes, to: copy.path + "/" + name)
        }
        return copy
    }
}

struct SystemError: Error, CustomStringConvertible {
    let description: String

    init(call: String) { self.description = "\(call): \(String(cString: strerror(errno)))" }
}

func readBytes(_ path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { throw SystemError(call: "open " + path) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        guard count > 0 else { return bytes }
        bytes += chunk[..<count]
    }
}

func writeBytes(_ bytes: [UInt8], to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    guard descriptor >= 0 else { throw SystemError(call: "open " + path) }
    defer { close(descriptor) }
    guard write(descriptor, bytes, bytes.count) == bytes.count else { throw SystemError(call: "write " + path) }
}

/// A SQLite database in a folder of its own, with the stores on it.
final class SQLiteSubject {
    let folder: TemporaryFolder
    let database: SQLiteDatabase
    let store: SQLiteMessageStore
    let reader: SQLiteMessageReader
    let accounts: SQLiteAccountStore

    init(folder: TemporaryFolder, options: SQLiteDatabase.Options = .init()) throws {
        self.folder = folder
        self.database = try SQLiteDatabase(folder: folder.path, options: options)
        self.store = try SQLiteMessageStore(self.database)
        self.reader = SQLiteMessageReader(self.database)
        self.accounts = SQLiteAccountStore(self.database)
    }

    convenience init(options: SQLiteDatabase.Options = .init()) throws {
        try self.init(folder: TemporaryFolder(), options: options)
    }

    /// For the contract. Opening again means a copy of the files as they are, without closing: what a crash leaves.
    var subject: AccountsUnderTest {
        let messages = StoreUnderTest(
            store: self.store, reader: self.reader,
            addUsers: { users in
                let accounts = users.map { user in
                    ProvisionPlan.User(
                        account: Account(id: user, name: "name of \(user)", passwordHash: nil, created: 1),
                        session: Session(
                            id: SessionID(trusted: "s-\(user)"), user: user, device: "", tokenHash: Array("t-\(user)".utf8),
                            created: 1,
                            expires: 2, address: "", agent: ""))
                }
                try self.accounts.provision(ProvisionPlan(users: accounts, groups: []), at: 1)
            },
            reopen: { try SQLiteSubject(folder: self.folder.copy()).subject.messages },
            rowsWritten: { self.store.rowsWritten })
        return AccountsUnderTest(
            accounts: self.accounts, messages: messages, reopen: { try SQLiteSubject(folder: self.folder.copy()).subject })
    }

    /// A group of u1 and u2 with messages, one entry each.
    func makeRoom(messages: Int) throws {
        try self.subject.messages.addUsers([UserID(trusted: "u1"), UserID(trusted: "u2")])
        let new = NewConversation(kind: .group, title: "Room")
        var drafts = [
            Draft(
                conversation: Self.room, sender: Self.anna, clientID: ClientID(trusted: "make"), kind: .created,
                change: .create(new, members: [UserID(trusted: "u2")]), time: Self.start, decidedAt: 0)
        ]
        drafts += (0..<messages).map { Self.message("m\($0)") }
        _ = try self.store.append(drafts)
    }

    static let room = ConversationID(trusted: "room")
    static let anna = UserID(trusted: "u1")
    static let start: Int64 = 1_760_000_000_000

    static func message(_ client: String, bytes: Int = 0) -> Draft {
        Draft(
            conversation: self.room, sender: self.anna, clientID: ClientID(trusted: client), kind: .message,
            content: Array("the content of \(client)".utf8) + [UInt8](repeating: 32, count: bytes), time: self.start, decidedAt: 1
        )
    }

    func entries() throws -> [Entry] {
        try self.reader.entries(in: Self.room, for: Self.anna, after: 0, limit: 200).entries
    }

    /// Runs SQL on the file from outside, as a fault would.
    func tamper(_ sql: String) throws {
        let connection = try Connection(path: self.folder.database, part: .writer, cacheKiB: 100, pageSize: 4096)
        try connection.execute(sql)
    }
}
