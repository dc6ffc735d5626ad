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
    /// The message that its one entry is about; 0 where it is about none.
    let target: Int64
    /// The same without content, for those who may not see the target (0007).
    let withheld: Broadcast?

    convenience init(_ publication: Publication, encoder: inout FrameEncoder) {
        var withheld: Broadcast?
        if let entry = publication.entries.first, entry.kind.hasTarget {
            withheld = Broadcast(publication, isWithheld: true, withheld: nil, encoder: &encoder)
        }
        self.init(publication, isWithheld: false, withheld: withheld, encoder: &encoder)
    }

    private init(_ publication: Publication, isWithheld: Bool, withheld: Broadcast?, encoder: inout FrameEncoder) {
        self.withheld = withheld
        self.target = publication.entries.first.map { $0.kind.hasTarget ? $0.relatesTo : 0 } ?? 0
        self.conversation = publication.conversation
        self.entries = publication.entries
        self.origins = publication.origins
        var frames = ByteBuffer()
        frames.reserveCapacity(publication.entries.reduce(0) { $0 + $1.content.count + 320 })
        var ends: [Int] = []
        ends.reserveCapacity(publication.entries.count)
        for entry in publication.entries {
            encoder.event(entry, withheld: isWithheld, into: &frames)
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
    /// A question about presence was answered: the connection is told of these users from now on.
    case watch(RequestOrigin, [UserID])
    /// The counts of a connected sender's messages moved: a frame for all his connections.
    case receipts(UserID, ByteBuffer)
    case typing(UserID, ConversationID)
    case presence(UserID, online: Bool)
    case hidden(UserID)
    /// A log-in was ended: its connections close.
    case sessionEnded(UserID, SessionID)
}

/// What waits for a connection until the end of the loop's turn.
enum Outgoing {
    case broadcast(Broadcast)
    case frames(ByteBuffer)
}
