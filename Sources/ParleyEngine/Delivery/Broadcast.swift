import NIOCore
import ParleyDomain
import ParleyWire

/// Entries of one conversation, encoded once, as every member's connection gets them. Shared by all event loops.
final class Broadcast: Sendable {
    let conversation: ConversationID
    let entries: [Entry]
    let origins: [RequestOrigin]
    /// The entries' event frames, joined.
    let frames: ByteBuffer
    /// Where each entry's frame ends in `frames`, counted from its readable start.
    let ends: [Int]
    /// The connections that asked for these entries: they get acks in the events' places.
    let originConnections: [UInt64]

    init(_ publication: Publication, encoder: inout FrameEncoder) {
        self.conversation = publication.conversation
        self.entries = publication.entries
        self.origins = publication.origins
        var frames = ByteBuffer()
        frames.reserveCapacity(publication.entries.reduce(0) { $0 + $1.content.count + 320 })
        var ends: [Int] = []
        ends.reserveCapacity(publication.entries.count)
        for entry in publication.entries {
            encoder.event(entry, into: &frames)
            ends.append(frames.readableBytes)
        }
        self.frames = frames
        self.ends = ends
        var connections: [UInt64] = []
        for origin in publication.origins where !connections.contains(origin.connection) { connections.append(origin.connection) }
        self.originConnections = connections
    }

    var head: Int64 { self.entries.last?.sequence ?? 0 }
}

/// What a turn of the shard means for one event loop, in order.
enum LoopEffect: Sendable {
    case broadcast(Broadcast)
    case answer(RequestOrigin, Answer)
    case attached(RequestOrigin, UserID, [RoomSeat])
    case join(UserID, RoomSeat)
    case part(UserID, ConversationID)
    case bell(ConversationID, head: Int64)
    case position(UserID, ConversationID, read: Int64, delivered: Int64, except: RequestOrigin)
    /// A read request was answered: whole frames for one connection.
    case frames(RequestOrigin, ByteBuffer)
    /// A log-in was ended: its connections close.
    case sessionEnded(UserID, SessionID)
}

/// A conversation as one event loop knows it: who of its connections is live in it, and where its log stands.
final class Room {
    let conversation: ConversationID
    var members: ContiguousArray<Connection> = []
    /// The newest sequence that this loop heard of.
    var head: Int64
    /// The loop's tick in which the head last moved.
    var changed: UInt64 = 0

    init(conversation: ConversationID, head: Int64) {
        self.conversation = conversation
        self.head = head
    }
}

/// A connection's place in a room: with it, leaving costs no search.
struct Seat {
    let room: Room
    var index: Int
}

/// What waits for a connection until the end of the loop's turn.
enum Outgoing {
    case broadcast(Broadcast)
    case frames(ByteBuffer)
}
