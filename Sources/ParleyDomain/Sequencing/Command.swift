/// What a user asks to have changed in a conversation. Each becomes at most one entry of its log.
package struct Command: Sendable, Equatable {
    package var conversation: ConversationID
    package var clientID: ClientID
    package var action: Action

    package init(_ conversation: ConversationID, _ clientID: ClientID, _ action: Action) {
        self.conversation = conversation
        self.clientID = clientID
        self.action = action
    }

    package enum Action: Sendable, Equatable {
        case send(NewMessage)
        case create(NewConversation, members: [UserID])
        case add([UserID])
        case remove(UserID)
        case leave
        case setRole(UserID, Role)
        case change(SettingsChange)
        case invite([UserID])
        /// Accepts an invitation, or uses a link whose secret was checked.
        case join(link: String?)
        /// Of an invitation or a wish to join: of this user's, or of the one's who asks.
        case decline(UserID?)
        case ban(UserID)
        case unban(UserID)
        /// Until this time, in milliseconds since 1970; 0 for no longer.
        case mute(UserID, until: Int64)
        case transfer(UserID)
        case dissolve
        case makeLink(NewLink)
        case revokeLink(String)
        /// Of the new message only content and mentions matter.
        case edit(target: Int64, NewMessage)
        case recall(target: Int64)
        case react(target: Int64, emoji: String, on: Bool)
        case pin(target: Int64, on: Bool)
    }

    package static func send(_ conversation: ConversationID, _ clientID: ClientID, content: [UInt8], relatesTo: Int64) -> Command
    {
        Command(conversation, clientID, .send(NewMessage(content: content, relatesTo: relatesTo)))
    }

    package static func create(
        _ conversation: ConversationID, _ clientID: ClientID, _ new: NewConversation, members: [UserID]
    ) -> Command {
        Command(conversation, clientID, .create(new, members: members))
    }

    package static func add(_ conversation: ConversationID, _ clientID: ClientID, users: [UserID]) -> Command {
        Command(conversation, clientID, .add(users))
    }

    package static func remove(_ conversation: ConversationID, _ clientID: ClientID, user: UserID) -> Command {
        Command(conversation, clientID, .remove(user))
    }

    package static func leave(_ conversation: ConversationID, _ clientID: ClientID) -> Command {
        Command(conversation, clientID, .leave)
    }

    package static func setRole(_ conversation: ConversationID, _ clientID: ClientID, user: UserID, _ role: Role) -> Command {
        Command(conversation, clientID, .setRole(user, role))
    }

    /// The message that the command is about; 0 for none.
    package var target: Int64 {
        switch self.action {
        case .edit(let target, _), .recall(let target), .react(let target, _, _), .pin(let target, _): target
        default: 0
        }
    }

    /// Whether this command could have become the stored entry: how a repeat is told from another use of the client id, once the right to
    /// ask is gone.
    package func mayHaveMade(_ entry: Entry) -> Bool {
        switch self.action {
        case .send(let message):
            entry.kind == .message && entry.relatesTo == message.relatesTo && entry.thread == message.thread
                && (!message.asked.isEmpty || entry.content == message.content)
        case .edit(let target, let message):
            entry.kind == .edit && entry.relatesTo == target && entry.content == message.content
        default: entry.kind != .message && entry.relatesTo == self.target
        }
    }

    /// Whether what is decided after it in the same batch might rest on what it changes.
    package var endsBatch: Bool {
        switch self.action {
        case .send, .react: false
        default: true
        }
    }
}

/// A message on its way into a conversation.
package struct NewMessage: Sendable, Equatable {
    /// A JSON object, checked.
    package var content: [UInt8]
    /// What it replies to; 0 for nothing.
    package var relatesTo: Int64
    /// The message whose thread it stands in; 0 for none.
    package var thread: Int64
    /// The users whom it mentions, each once; at most `Limits.mentionsPerMessage`.
    package var mentions: [UserID]
    package var mentionsAll: Bool
    /// What was asked for where the content does not tell: the source of a forwarded message. A repeat is told by it.
    package var asked: [UInt8]

    package init(
        content: [UInt8], relatesTo: Int64 = 0, thread: Int64 = 0, mentions: [UserID] = [], mentionsAll: Bool = false,
        asked: [UInt8] = []
    ) {
        self.content = content
        self.relatesTo = relatesTo
        self.thread = thread
        self.mentions = mentions
        self.mentionsAll = mentionsAll
        self.asked = asked
    }
}

/// An invite link to be made. Its secret is made from `id` outside; the store never sees it.
package struct NewLink: Sendable, Equatable {
    package var id: String
    /// In milliseconds since 1970; 0 for never.
    package var expires: Int64
    /// How often it can be used; 0 for any number.
    package var uses: Int64

    package init(id: String, expires: Int64 = 0, uses: Int64 = 0) {
        self.id = id
        self.expires = expires
        self.uses = uses
    }
}

/// Where an answer goes: the connection that asked, on its event loop, and its own number for the request.
package struct RequestOrigin: Sendable, Hashable {
    /// Which event loop of the process the connection lives on.
    package var loop: Int32
    /// The connection, by a number that is never used again in this process.
    package var connection: UInt64
    /// The client's request id.
    package var request: Int64

    /// Connections of this number and above are single exchanges: a request over HTTP and its answer. Nothing is pushed to them.
    package static let firstExchange: UInt64 = 1 << 63

    package var isExchange: Bool { self.connection >= Self.firstExchange }

    /// No connection: who made a conversation gets its first event like the others, and an answer of its own.
    package static let nobody = RequestOrigin(loop: -1, connection: 0, request: 0)

    package init(loop: Int32, connection: UInt64, request: Int64) {
        self.loop = loop
        self.connection = connection
        self.request = request
    }
}

/// A command on its way to a decision.
package struct Submission: Sendable {
    package var origin: RequestOrigin
    package var user: UserID
    package var command: Command
    /// How often it was decided on rights that turned out to be old.
    package var attempts = 0

    package init(origin: RequestOrigin, user: UserID, command: Command) {
        self.origin = origin
        self.user = user
        self.command = command
    }
}
