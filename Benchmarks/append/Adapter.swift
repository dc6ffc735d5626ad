import ParleyDomain
import ParleySQLite

/// Makes users and conversations of the shape through the stores.
func prepare(_ database: SQLiteDatabase) throws -> SQLiteMessageStore {
    let accounts = SQLiteAccountStore(database)
    var users: [ProvisionPlan.User] = []
    for conversation in 0..<Shape.conversations {
        for side in 0..<2 {
            let id = UserID(trusted: Shape.user(conversation, side))
            let session = Session(
                id: SessionID(trusted: "s-\(id)"), user: id, device: "", tokenHash: Array("\(id)".utf8), created: 0, expires: 1,
                address: "",
                agent: "")
            users.append(.init(account: Account(id: id, name: id.rawValue, passwordHash: nil, created: 0), session: session))
        }
    }
    try accounts.provision(ProvisionPlan(users: users, groups: []), at: Shape.start)
    let store = try SQLiteMessageStore(database)
    let drafts = (0..<Shape.conversations).map { index in
        Draft(
            conversation: ConversationID(trusted: Shape.conversation(index)), sender: UserID(trusted: Shape.user(index, 0)),
            clientID: ClientID(trusted: "make"), kind: .created,
            change: .create(NewConversation(kind: .direct, title: ""), members: [UserID(trusted: Shape.user(index, 1))]),
            time: Shape.start, decidedAt: 0)
    }
    for case .refused(let reason) in try store.append(drafts) { throw BenchError(text: "refused: \(reason)") }
    return store
}

/// Rows per second through `SQLiteMessageStore.append`.
func measureAdapter(in folder: String, options: SQLiteDatabase.Options, batch: Int, seconds: Double) throws -> Double {
    let database = try SQLiteDatabase(folder: folder, options: options)
    defer { database.close() }
    let store = try prepare(database)
    var row = 0
    var spent = 0.0
    while spent < seconds {
        let drafts = (0..<batch).map { offset in
            let index = (row + offset) % Shape.conversations
            let side = (row + offset) / Shape.conversations % 2
            return Draft(
                conversation: ConversationID(trusted: Shape.conversation(index)),
                sender: UserID(trusted: Shape.user(index, side)),
                clientID: ClientID(trusted: Shape.clientID(row + offset)), kind: .message, content: Shape.content,
                time: Shape.start + Int64(row + offset), decidedAt: 1)
        }
        // Making the drafts is the engine's work, so it does not count.
        let start = now()
        let outcomes = try store.append(drafts)
        spent += now() - start
        for outcome in outcomes {
            guard case .appended = outcome else { throw BenchError(text: "\(outcome)") }
        }
        row += batch
    }
    return Double(row) / spent
}
