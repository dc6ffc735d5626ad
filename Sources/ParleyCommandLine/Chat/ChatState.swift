import ParleyClient
import ParleyDomain
import ParleyWire

/// A line of a conversation as it is shown.
struct ShownEntry: Sendable, Equatable {
    enum Body: Sendable, Equatable {
        case message(String)
        /// What somebody changed, without his name.
        case change(String)
    }

    enum Status: Sendable, Equatable {
        /// On its way, or waiting for a connection.
        case waiting
        case stored
        /// It will never be stored; why.
        case refused(String)
    }

    /// 0 while it waits.
    var sequence: Int64
    var clientID: ClientID
    var sender: UserID
    /// In milliseconds since 1970.
    var time: Int64
    var body: Body
    var replyTo: Int64 = 0
    /// Changes up to this sequence are in it.
    var foldedTo: Int64 = 0
    var isEdited = false
    var isRecalled = false
    var reactions: [ReactionCount] = []
    var status = Status.stored
}

/// A conversation as far as it is known here.
struct ShownConversation: Sendable, Equatable {
    /// Entries held for scrolling; the oldest go first while the newest are looked at.
    static let entriesKept = 2_000
    /// Beyond this many nobody scrolls: older ones are not fetched any more.
    static let entriesMax = 10_000

    let id: ConversationID
    var title = ""
    var kind = ConversationKind.group
    var peer: UserID?
    var isMember = false
    /// Invited, or waiting for an administrator.
    var isInvited = false
    var head: Int64 = 0
    var read: Int64 = 0
    var unread: Int64 = 0
    /// By sequence.
    var entries: [ShownEntry] = []
    /// One's own that have no place yet, in the order of writing.
    var waiting: [ShownEntry] = []
    /// The lowest sequence fetched; nil while nothing was.
    var oldest: Int64?
    var hasAll = false
    var isLoading = false
    /// By sequence, of one's own messages.
    var counts: [Int64: ReceiptCounts] = [:]
    /// Who types, until when.
    var typing: [UserID: Int64] = [:]
    /// Rises with every change; orders the list.
    var changed: Int64 = 0
    /// The lowest row that is shown: this many rows after the top of the entry of this sequence. Nil follows the newest.
    var anchor: Anchor?

    struct Anchor: Sendable, Equatable {
        var sequence: Int64
        var rows: Int
    }

    init(id: ConversationID) { self.id = id }

    func index(of sequence: Int64) -> Int? {
        var (low, high) = (0, self.entries.count)
        while low < high {
            let middle = (low + high) / 2
            if self.entries[middle].sequence < sequence { low = middle + 1 } else { high = middle }
        }
        return low < self.entries.count && self.entries[low].sequence == sequence ? low : nil
    }

    /// Puts an entry at its place; false if it is there already.
    mutating func place(_ entry: ShownEntry) -> Bool {
        var index = self.entries.count
        while index > 0, self.entries[index - 1].sequence >= entry.sequence { index -= 1 }
        if index < self.entries.count, self.entries[index].sequence == entry.sequence { return false }
        self.entries.insert(entry, at: index)
        return true
    }
}

/// What is to be done outside: the state itself does nothing but change.
enum ChatEffect: Sendable, Equatable {
    case submit(OutboxItem)
    /// Answered by `.answer` or `.unanswered` with this tag.
    case ask(ClientFrame, tag: UInt64)
    case refreshList(tag: UInt64)
    /// People whose names begin so; answered by `found`.
    case search(String, tag: UInt64)
    case read(ConversationID, upTo: Int64, urgent: Bool)
    case retry
    case bell
    /// A line for who reads along without a screen.
    case say(String)
    case suspend
    case redraw
    case quit
}

/// What happens to the chat.
enum ChatInput: Sendable, Equatable {
    case key(Key)
    /// A line of a pipe.
    case line(String)
    /// Opens a conversation by its title.
    case open(String)
    case client([ChatEvent])
    /// Users by name; nil where the server could not be asked.
    case found(tag: UInt64, [UserProfile]?)
    case size(columns: Int, rows: Int)
    case tick
}

/// All that the terminal client knows and shows. A value: events go in, effects come out; `ChatScreen` draws it. No I/O, clock or
/// randomness.
struct ChatState: Sendable, Equatable {
    enum Link: Sendable, Equatable {
        case connecting
        case live
        case offline(String)
    }

    /// What a question was for.
    enum Question: Sendable, Equatable {
        case list
        case history(ConversationID)
        case names([UserID])
        case members(ConversationID)
        case readers(ConversationID, Int64, ReaderList)
        case receipts(ConversationID)
        case lookUp
        case complete
        case join
        case report
        case typing
    }

    struct HeldLine: Sendable, Equatable {
        var conversation: ConversationID
        var entry: ShownEntry
    }

    /// Names that are being looked up, one after the other, for a command.
    struct LookUp: Sendable, Equatable {
        enum Purpose: Sendable, Equatable {
            case direct
            case group(String)
            case add(ConversationID)
            case invite(ConversationID)
        }
        var purpose: Purpose
        var names: [String]
        var found: [UserID] = []
    }

    let user: UserID
    let name: String
    /// The server as the user named it.
    let server: String
    /// Makes client ids of this run different from those of others.
    let nonce: String
    /// What local time is ahead of UTC, in milliseconds.
    let zoneMilliseconds: Int64
    /// Without a screen: what comes is said line by line.
    let isPlain: Bool
    /// Whether a line that begins with a slash is a command. Not where a program writes the lines: what it quotes must do nothing.
    let readsCommands: Bool

    var now: Int64 = 0
    var columns = 80
    var rows = 24
    var link = Link.connecting
    var hasList = false
    var conversations: [ConversationID: ShownConversation] = [:]
    var openID: ConversationID?
    /// The conversation that is to be opened once it is made, by the client id of its creation.
    var opening: ClientID?
    /// Notices of the program itself, newest last, shown under the messages until the next line is entered.
    var notices: [String] = []
    var editor = LineEditor()
    var names: [UserID: String] = [:]
    var wanted: Set<UserID> = []
    var questions: [UInt64: Question] = [:]
    var lookUp: LookUp?
    /// Commands under way, by client id: what to say when one is refused.
    var commands: [ClientID: String] = [:]
    /// Commands that are not settled, in order: kept in a file, so that they outlive the program.
    var outbox: [OutboxItem] = []
    /// In a pipe: entries that wait for the name of their sender.
    var held: [HeldLine] = []
    /// When the others were last told that something is being written.
    var typedAt: Int64 = 0
    /// The server does not take the login any more: the program ends, and says so by its exit status.
    var isLoggedOut = false
    /// Lines that were refused: here, or by the server for good.
    var refusals = 0
    /// Choices of the last Tab, and which of them stands in the line.
    var completion: Completion?
    var nextTag: UInt64 = 1
    var nextName: UInt64 = 1
    var changes: Int64 = 0
    var effects: [ChatEffect] = []

    /// Names of people kept; the least use of one is a look-up.
    static let namesKept = 20_000
    static let noticesKept = 40

    init(
        user: UserID, name: String, server: String, nonce: String, zoneMilliseconds: Int64 = 0, isPlain: Bool = false,
        readsCommands: Bool = true, outbox: [OutboxItem] = []
    ) {
        self.user = user
        self.name = name
        self.server = server
        self.nonce = nonce
        self.zoneMilliseconds = zoneMilliseconds
        self.isPlain = isPlain
        self.readsCommands = readsCommands
        self.names[user] = name
        for item in outbox { self.keep(item) }
    }

    /// Takes one event, at this time (milliseconds since 1970), and gives what is to be done for it, in order.
    mutating func take(_ input: ChatInput, at now: Int64) -> [ChatEffect] {
        self.now = now
        switch input {
        case .key(let key): self.take(key)
        case .line(let line): self.enter(line)
        case .open(let name): if let id = self.find(name) { self.show(id) }
        case .client(let events): for event in events { self.take(event) }
        case .found(let tag, let users): self.found(tag, users)
        case .size(let columns, let rows): (self.columns, self.rows) = (max(20, columns), max(6, rows))
        case .tick: self.forgetTyping()
        }
        self.askNames()
        self.sayHeld()
        defer { self.effects = [] }
        return self.effects
    }

    // MARK: What others ask

    var open: ShownConversation? { self.openID.flatMap { self.conversations[$0] } }
    /// Whether a command waits for an answer that the next line may depend on.
    var isBusy: Bool { self.lookUp != nil || self.opening != nil }
    /// Of conversations that can be shown, the newest change first.
    var list: [ShownConversation] {
        self.conversations.values.filter { $0.isMember || $0.isInvited }
            .sorted { ($0.changed, $1.id) > ($1.changed, $0.id) }
    }

    func title(of conversation: ShownConversation) -> String {
        if let peer = conversation.peer { return self.name(of: peer) }
        return conversation.title.isEmpty ? "a conversation" : Shown.line(conversation.title)
    }

    func name(of user: UserID) -> String {
        if user == self.user { return Shown.line(self.name) }
        return self.names[user].map { Shown.line($0) } ?? user.rawValue
    }

    /// "13:05", in local time.
    func clock(_ time: Int64) -> String {
        let minutes = (max(0, time &+ self.zoneMilliseconds) / 60_000) % 1_440
        let (hour, minute) = (minutes / 60, minutes % 60)
        return (hour < 10 ? "0" : "") + "\(hour):" + (minute < 10 ? "0" : "") + "\(minute)"
    }

    // MARK: Small things that all parts use

    mutating func notice(_ text: String) {
        let lines = Shown.lines(text)
        if self.isPlain {
            for line in lines { self.effects.append(.say("* \(line)")) }
        } else {
            self.notices.append(contentsOf: lines)
            if self.notices.count > Self.noticesKept { self.notices.removeFirst(self.notices.count - Self.noticesKept) }
        }
    }

    mutating func ask(_ frame: ClientFrame, for question: Question) {
        let tag = self.tag(for: question)
        self.effects.append(.ask(frame, tag: tag))
    }

    mutating func tag(for question: Question) -> UInt64 {
        self.nextTag += 1
        self.questions[self.nextTag] = question
        return self.nextTag
    }

    mutating func makeClientID() -> ClientID {
        self.nextName += 1
        return ClientID(trusted: "t\(self.nonce)-\(self.nextName)")
    }

    mutating func change(_ id: ConversationID, _ body: (inout ShownConversation) -> Void) {
        var conversation = self.conversations[id] ?? ShownConversation(id: id)
        body(&conversation)
        self.conversations[id] = conversation
    }

    mutating func touch(_ id: ConversationID) {
        self.changes += 1
        let changes = self.changes
        self.change(id) { $0.changed = changes }
    }

    mutating func want(_ user: UserID) {
        if self.names[user] == nil, self.wanted.count < 1_000 { self.wanted.insert(user) }
    }

    /// Asks for the names that are missing, a hundred at a time.
    private mutating func askNames() {
        guard !self.wanted.isEmpty, self.link == .live else { return }
        let isAsking = self.questions.values.contains { if case .names = $0 { true } else { false } }
        guard !isAsking else { return }
        let users = Array(self.wanted.sorted().prefix(100))
        self.wanted.subtract(users)
        self.ask(.users(users), for: .names(users))
    }

    /// Says the lines that wait, in order, up to one whose sender is being asked for.
    private mutating func sayHeld() {
        var asked: Set<UserID> = self.link == .live ? self.wanted : []
        for case .names(let users) in self.questions.values { asked.formUnion(users) }
        let ready = self.held.prefix { !asked.contains($0.entry.sender) }
        for line in ready { self.effects.append(.say(self.plainLine(line.entry, in: line.conversation))) }
        self.held.removeFirst(ready.count)
    }

    /// "[General] #42 13:05 Ann: hello", whatever stands in it: always one line.
    private func plainLine(_ entry: ShownEntry, in id: ConversationID) -> String {
        let title = self.conversations[id].map { self.title(of: $0) } ?? id.rawValue
        let begin = "[\(title)] #\(entry.sequence) \(self.clock(entry.time)) \(self.name(of: entry.sender))"
        switch entry.body {
        case .message(let text): return begin + ": " + Shown.line(entry.isRecalled ? "(taken back)" : text)
        case .change(let text): return begin + " " + Shown.line(text)
        }
    }

    private mutating func forgetTyping() {
        guard let id = self.openID, let typing = self.conversations[id]?.typing, !typing.isEmpty else { return }
        let now = self.now
        self.change(id) { $0.typing = typing.filter { $0.value > now } }
    }
}
