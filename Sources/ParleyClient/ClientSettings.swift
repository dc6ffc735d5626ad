package import ParleyDomain

/// What an application can set about its client. All times in milliseconds.
package struct ClientSettings: Sendable {
    /// The first pause before trying again is drawn from 0 to here; each failure doubles it.
    package var pauseMilliseconds: Int64 = 500
    /// The longest pause.
    package var pauseMillisecondsMax: Int64 = 30_000
    /// How long opening a connection may take, and each answer until `ready`.
    package var connectMilliseconds: Int64 = 10_000
    /// How long an answer may take before the request is made again. Safe at any value: requests can be repeated (R17).
    package var requestMilliseconds: Int64 = 10_000
    /// Entries that one pull asks for.
    package var pageEntries = Limits.pageEntries
    /// Of a conversation that is new here, at most so many entries before the first one heard of are taken; who scrolls back asks for
    /// older ones himself. All of them unless set: right for a client that keeps what it accepted.
    package var historyEntries = Int64.max
    /// Messages after which a position is told to the server (R49).
    package var messagesPerReport = 10
    /// How long a position is kept back while fewer messages than that came.
    package var reportMilliseconds: Int64 = 1_000

    package init() {}
}

/// Something for the server to do, kept until it is done or refused for good.
package enum OutboxItem: Sendable, Equatable {
    case command(Command)
    /// The server names the conversation, so that a repeat finds the same one.
    case create(ClientID, NewConversation, members: [UserID])

    package var clientID: ClientID {
        switch self {
        case .command(let command): command.clientID
        case .create(let clientID, _, _): clientID
        }
    }

    /// Nil for a creation.
    package var conversation: ConversationID? {
        switch self {
        case .command(let command): command.conversation
        case .create: nil
        }
    }
}

/// What a client must keep over its own restart, written together with what it accepted.
package struct ClientSnapshot: Sendable, Equatable {
    package struct Place: Sendable, Equatable {
        package var conversation: ConversationID
        /// Everything up to here was accepted.
        package var position: Int64
        /// The newest sequence heard of.
        package var head: Int64
        package var ended: Bool
        package var read: Int64
        package var delivered: Int64
        /// What the server's store is known to have of the two.
        package var storedRead: Int64
        package var storedDelivered: Int64
    }

    package var epoch = ""
    package var token = ""
    package var places: [Place] = []
    /// In order, per conversation.
    package var outbox: [OutboxItem] = []

    package init() {}
}
