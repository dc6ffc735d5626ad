package import ParleyDomain

/// What a server says, as a client takes it: any encoding of the protocol decodes to this.
///
/// A client is lenient where the server is strict: fields and frame types that it does not know are passed over, so that an old
/// client lives with a new server.
package enum ServerFrame: Sendable, Equatable {
    case hello(Hello)
    case ready(id: Int64, user: UserID)
    case event(ConversationID, ReceivedEntry)
    case ack(id: Int64, Receipt)
    case created(id: Int64, ConversationID, ClientID)
    case page(id: Int64, ConversationID, ReceivedPage)
    case synced(id: Int64, ReceivedSync)
    case ok(id: Int64)
    case position(ConversationID, read: Int64, delivered: Int64)
    case heartbeat(time: Int64, heads: [KnownHead])
    case behind(heads: [KnownHead])
    /// Of conversations whose events this connection does not get.
    case heads([KnownHead])
    /// Counts of the user's own messages: an answer, or a push (no id).
    case receipts(id: Int64?, ConversationID, [MessageReceipts])
    case typing(ConversationID, [UserID])
    /// An answer, or a push (no id).
    case presence(id: Int64?, [PresenceLine])
    case reconnect(afterMilliseconds: Int64)
    case pong(id: Int64, time: Int64)
    case error(id: Int64?, ReceivedError)
    /// A frame that the core has no use for: of another type, or an answer that the application asked for itself.
    case other(type: String, id: Int64?)
}

/// The first frame of a connection.
package struct Hello: Sendable, Equatable {
    package var epoch: String
    package var heartbeatMilliseconds: Int64
    package var requestsInFlight: Int64

    package init(epoch: String, heartbeatMilliseconds: Int64, requestsInFlight: Int64) {
        self.epoch = epoch
        self.heartbeatMilliseconds = heartbeatMilliseconds
        self.requestsInFlight = requestsInFlight
    }
}

/// Where a conversation's log stands, as the server told it.
package struct KnownHead: Sendable, Equatable {
    package var conversation: ConversationID
    package var sequence: Int64

    package init(_ conversation: ConversationID, _ sequence: Int64) {
        self.conversation = conversation
        self.sequence = sequence
    }
}

/// An entry as a client gets it: no ordinals, no stamp, and perhaps of a kind that this client does not know.
package struct ReceivedEntry: Sendable, Equatable {
    package var sequence: Int64
    /// The message id: opaque text.
    package var id: String
    /// Nil for a kind that a newer server made: it has a place in the log all the same.
    package var kind: EntryKind?
    package var sender: UserID
    package var clientID: ClientID
    package var time: Int64
    /// What a message replies to, or what an edit, recall, reaction or pin is about; 0 for nothing.
    package var relatesTo: Int64
    /// The message whose thread it stands in; 0 for none.
    package var thread: Int64
    /// The content object as it came; empty where it is withheld, or the message was recalled.
    package var content: [UInt8]
    /// Whether the content is kept from this user.
    package var withheld: Bool
    /// What later entries did to the message; nil for nothing. Events have none.
    package var state: MessageState?

    package init(
        sequence: Int64, id: String, kind: EntryKind?, sender: UserID, clientID: ClientID, time: Int64, relatesTo: Int64 = 0,
        thread: Int64 = 0, content: [UInt8], withheld: Bool = false, state: MessageState? = nil
    ) {
        self.sequence = sequence
        self.id = id
        self.kind = kind
        self.sender = sender
        self.clientID = clientID
        self.time = time
        self.relatesTo = relatesTo
        self.thread = thread
        self.content = content
        self.withheld = withheld
        self.state = state
    }

    /// As a client gets it: an entry whose content the reader gave none is withheld, unless it is a recalled message.
    package init(_ entry: Entry, state: MessageState? = nil) {
        let recalled = (state?.recalled ?? 0) > 0
        self.init(
            sequence: entry.sequence, id: String(entry.id), kind: entry.kind, sender: entry.sender, clientID: entry.clientID,
            time: entry.time, relatesTo: entry.relatesTo, thread: entry.thread, content: recalled ? [] : entry.content,
            withheld: entry.content.isEmpty && !recalled, state: state == MessageState() ? nil : state)
    }
}

/// What an ack says: where the entry stands for ever.
package struct Receipt: Sendable, Equatable {
    package var conversation: ConversationID
    package var clientID: ClientID
    package var sequence: Int64
    package var id: String
    package var time: Int64

    package init(conversation: ConversationID, clientID: ClientID, sequence: Int64, id: String, time: Int64) {
        self.conversation = conversation
        self.clientID = clientID
        self.sequence = sequence
        self.id = id
        self.time = time
    }

    package init(_ entry: Entry) {
        self.init(
            conversation: entry.conversation, clientID: entry.clientID, sequence: entry.sequence, id: String(entry.id),
            time: entry.time)
    }
}

package struct ReceivedPage: Sendable, Equatable {
    package var entries: [ReceivedEntry]
    package var head: Int64
    package var more: Bool

    package init(entries: [ReceivedEntry], head: Int64, more: Bool) {
        self.entries = entries
        self.head = head
        self.more = more
    }
}

/// The answer to a `sync`, as far as the core uses it.
package struct ReceivedSync: Sendable, Equatable {
    package var epoch: String
    /// Opaque: handed back in the next `sync`.
    package var token: String
    package var conversations: [ReceivedSummary]
    package var more: Bool

    package init(epoch: String, token: String, conversations: [ReceivedSummary], more: Bool) {
        self.epoch = epoch
        self.token = token
        self.conversations = conversations
        self.more = more
    }
}

/// A line of the conversation list.
package struct ReceivedSummary: Sendable, Equatable {
    package var conversation: ConversationID
    package var kind: ConversationKind?
    package var title: String
    package var peer: UserID?
    /// False for a conversation that the user left, is invited to, or has asked to join.
    package var isMember: Bool
    package var head: Int64
    package var read: Int64
    package var delivered: Int64
    package var unread: Int64
    /// Entries after the named position, oldest first; nil where none were asked for.
    package var entries: [ReceivedEntry]?
    /// Whether the log goes on after `entries`.
    package var more: Bool

    package init(
        conversation: ConversationID, kind: ConversationKind?, title: String = "", peer: UserID? = nil, isMember: Bool,
        head: Int64 = 0,
        read: Int64 = 0, delivered: Int64 = 0, unread: Int64 = 0, entries: [ReceivedEntry]? = nil, more: Bool = false
    ) {
        self.conversation = conversation
        self.kind = kind
        self.title = title
        self.peer = peer
        self.isMember = isMember
        self.head = head
        self.read = read
        self.delivered = delivered
        self.unread = unread
        self.entries = entries
        self.more = more
    }
}

/// An error as it came: the numbers and names are the server's, and may be newer than this client.
package struct ReceivedError: Sendable, Equatable {
    package var code: Int
    package var name: String
    package var message: String
    /// What to do about it; `later` where the word is unknown, since trying again is never wrong for long.
    package var retry: ErrorCode.Retry
    package var retryMilliseconds: Int64
    /// The path of the field at fault, and the rule that it breaks; empty where the error names none.
    package var field: String
    package var rule: String

    package init(
        code: Int, name: String, message: String, retry: ErrorCode.Retry, retryMilliseconds: Int64 = 0, field: String = "",
        rule: String = ""
    ) {
        self.code = code
        self.name = name
        self.message = message
        self.retry = retry
        self.retryMilliseconds = retryMilliseconds
        self.field = field
        self.rule = rule
    }

    package init(_ refusal: Refusal) {
        self.init(
            code: refusal.code.rawValue, name: refusal.code.name, message: refusal.message, retry: refusal.code.retry,
            retryMilliseconds: Int64(refusal.retryMilliseconds), field: refusal.field, rule: refusal.rule)
    }

    /// The error by this client's own table; nil for one that it does not know.
    package var known: ErrorCode? { ErrorCode(rawValue: self.code) }
}
