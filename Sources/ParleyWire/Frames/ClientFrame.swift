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
    case command(Command)
    /// Makes a conversation; its id is derived from the sender and the client id, so that a repeat finds the same one.
    case create(ClientID, NewConversation, members: [UserID])
    case history(ConversationID, HistoryRange, limit: Int)
    case sync(SyncRequest)
    case read(ConversationID, read: Int64, delivered: Int64)
    case members(ConversationID, afterSlot: Int32, limit: Int)
    case users([UserID])
    case ping
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

/// Where a client stands in the changes of the store: opaque outside, versioned, one stamp per store shard.
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
            guard let stamp = Int64(part), stamp >= 0 else { return nil }
            stamps.append(stamp)
        }
        self.stamps = stamps
    }

    package var text: String { "1." + self.stamps.map { String($0) }.joined(separator: ".") }
}
