package import ParleyDomain

/// A request as a client makes it: any encoding of the protocol decodes to this.
package struct ClientRequest: Sendable, Equatable {
    /// The client's own number for it; the answer carries the same.
    package var id: Int64
    package var frame: ClientFrame

    package init(id: Int64, frame: ClientFrame) {
        self.id = id
        self.frame = frame
    }
}

/// What a client may ask for.
package enum ClientFrame: Sendable, Equatable {
    case auth(Credential)
    /// Everything that becomes an entry as it stands.
    case command(Command)
    /// Makes a conversation; its id is derived from the sender and the client id, so that a repeat finds the same one.
    case create(ClientID, NewConversation, members: [UserID])
    /// Copies a message of a conversation that the user may read into another one.
    case forward(ConversationID, ClientID, from: ConversationID, sequence: Int64)
    /// Comes in by a link; the conversation is known once the link was looked up.
    case join(ClientID, link: String)
    /// Makes an invite link, whose name and secret the server chooses. 0: no end (milliseconds since 1970), any number of uses.
    case link(ConversationID, ClientID, expires: Int64, uses: Int64)
    case note(NoteRequest)
    case query(Query)
    case history(ConversationID, HistoryRange, limit: Int)
    case sync(SyncRequest)
    case read(ConversationID, read: Int64, delivered: Int64)
    case members(ConversationID, afterSlot: Int32, limit: Int)
    case users([UserID])
    /// Counts of the user's own messages: of these, or of his newest ones there.
    case receipts(ConversationID, [Int64]?)
    case readers(ConversationID, sequence: Int64, list: ReaderList, afterSlot: Int32, limit: Int)
    case receiptRecord(ConversationID, sequence: Int64)
    case typing(ConversationID)
    /// With `watch`, changes are pushed to this connection from here on.
    case presence(PresenceSubject, watch: Bool)
    /// Whether this connection gets the events of a conversation, or only its heads.
    case follow(ConversationID, push: Bool)
    case ping
}

/// A change that is no entry of a log; `Note` says what it does.
package enum NoteRequest: Sendable, Equatable {
    case notify(ConversationID, NotifyLevel)
    /// Nil leaves a preference as it is; not both are nil.
    case preferences(receipts: Bool?, presence: Bool?)
    case block(UserID, on: Bool)
    case report(ConversationID, sequence: Int64, reason: String)
    case resolve(ConversationID, sequence: Int64)
    /// A JSON object of the user's own: of his account, or of one conversation.
    case data(ConversationID?, [UInt8])
}

/// A question that the store answers.
package enum Query: Sendable, Equatable {
    case thread(ConversationID, root: Int64, after: Int64, limit: Int)
    case revisions(ConversationID, sequence: Int64, after: Int64, limit: Int)
    /// By user id, those after `after`.
    case reactions(ConversationID, sequence: Int64, emoji: String, after: String, limit: Int)
    case pins(ConversationID)
    case mentions(ConversationID, after: Int64, limit: Int)
    /// `Int64.max` starts at the newest.
    case audit(ConversationID, before: Int64, limit: Int)
    /// Members who changed after this version of the list.
    case memberChanges(ConversationID, after: SyncToken, limit: Int)
    /// Users who are invited, have asked to join, or are banned, by user id, those after `after`.
    case membersInState(ConversationID, MemberState, after: String, limit: Int)
    case links(ConversationID)
    /// The token of a link: its name and its secret, not checked.
    case linkInfo(String)
    case blocks
    case preferences
    /// `Int64.max` starts at the newest.
    case reports(ConversationID, before: Int64, limit: Int)
    case data(ConversationID?)
}

/// What a client shows to be let in.
package enum Credential: Sendable, Equatable {
    case token(String)
    case ticket(String)
}

/// Which end of a conversation a page of history is taken from.
package enum HistoryRange: Sendable, Equatable {
    /// Oldest first, from the entry after this one.
    case after(Int64)
    /// Newest first, from the entry before this one.
    case before(Int64)
}

package struct SyncRequest: Sendable, Equatable {
    /// The epoch that the client's positions belong to; empty for a client that knows nothing yet.
    package var epoch: String
    /// Where the last sync ended; the start of everything if there was none.
    package var token: SyncToken
    /// How far the client has each conversation.
    package var positions: [ConversationID: Int64]

    package init(epoch: String, token: SyncToken, positions: [ConversationID: Int64]) {
        self.epoch = epoch
        self.token = token
        self.positions = positions
    }
}

/// Where a client stands in the changes of the store: opaque outside, versioned, one stamp per store shard. The version of a list of
/// members is written alike.
///
/// Version 1 is `1.` and the stamp of the one shard.
package struct SyncToken: Sendable, Equatable {
    package var stamps: [Int64]

    package static let start = SyncToken(stamps: [0])

    package init(stamps: [Int64]) { self.stamps = stamps }

    /// The stamp of the first shard.
    package var stamp: Int64 { self.stamps.first ?? 0 }

    /// Nil where the text is no token of a version that we know.
    package init?(text: String) {
        if text.isEmpty {
            self = .start
            return
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 2, parts.count <= 65, parts[0] == "1" else { return nil }
        var stamps: [Int64] = []
        for part in parts.dropFirst() {
            // Digits only: `Int64` would take a sign too.
            guard part.utf8.first != UInt8(ascii: "+"), let stamp = Int64(part), stamp >= 0 else { return nil }
            stamps.append(stamp)
        }
        self.stamps = stamps
    }

    package var text: String { "1." + self.stamps.map { String($0) }.joined(separator: ".") }
}
