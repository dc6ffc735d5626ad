/// What a user asks to have changed in a conversation. Each becomes at most one entry of its log.
package enum Command: Sendable, Equatable {
    case send(ConversationID, ClientID, content: [UInt8], relatesTo: Int64)
    case create(ConversationID, ClientID, NewConversation, members: [UserID])
    case add(ConversationID, ClientID, users: [UserID])
    case remove(ConversationID, ClientID, user: UserID)
    case leave(ConversationID, ClientID)
    case setRole(ConversationID, ClientID, user: UserID, Role)

    package var conversation: ConversationID {
        switch self {
        case .send(let conversation, _, _, _), .create(let conversation, _, _, _), .add(let conversation, _, _),
            .remove(let conversation, _, _), .leave(let conversation, _), .setRole(let conversation, _, _, _):
            conversation
        }
    }

    package var clientID: ClientID {
        switch self {
        case .send(_, let clientID, _, _), .create(_, let clientID, _, _), .add(_, let clientID, _), .remove(_, let clientID, _),
            .leave(_, let clientID), .setRole(_, let clientID, _, _):
            clientID
        }
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
