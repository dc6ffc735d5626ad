import NIOCore
import ParleyDomain
import ParleyWire
import Synchronization

/// Whole frames of one encoding, one behind the other.
struct FrameRun: Sendable {
    var frames = ByteBuffer()
    /// Where each frame ends in `frames`, counted from its readable start.
    var ends: [Int] = []
}

/// Event frames that many connections get as they are, and how many entries they tell of.
struct SharedFrames {
    var frames = ByteBuffer()
    var entries = 0

    mutating func add(_ broadcast: Broadcast, in encoding: WireEncoding) {
        self.frames.writeImmutableBuffer(broadcast.frames(in: encoding))
        self.entries += broadcast.entries.count
    }
}

/// Entries of one conversation, encoded once, as every member's connection gets them. Shared by all event loops.
///
/// As JSON they are made here; in the binary encoding when the first connection that agreed on it asks for them.
final class Broadcast: Sendable {
    let conversation: ConversationID
    let entries: [Entry]
    let origins: [RequestOrigin]
    /// The entries' event frames as JSON.
    private let json: FrameRun
    /// The same in the binary encoding, once it was asked for. Whoever else asks at that moment waits the microseconds that it takes.
    private let binary = Mutex<FrameRun?>(nil)
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
        var run = FrameRun()
        run.frames.reserveCapacity(publication.entries.reduce(0) { $0 + $1.content.count + 320 })
        run.ends.reserveCapacity(publication.entries.count)
        for entry in publication.entries {
            encoder.event(entry, withheld: isWithheld, into: &run.frames)
            run.ends.append(run.frames.readableBytes)
        }
        self.json = run
        var connections: [UInt64] = []
        for origin in publication.origins where !connections.contains(origin.connection) { connections.append(origin.connection) }
        self.originConnections = connections
    }

    var head: Int64 { self.entries.last?.sequence ?? 0 }

    /// How much its frames are as JSON, in bytes: what queues count.
    var bytes: Int { self.json.frames.readableBytes }

    func run(in encoding: WireEncoding) -> FrameRun {
        switch encoding {
        case .json: self.json
        case .binary:
            self.binary.withLock { made in
                if let made { return made }
                var frames = ByteBuffer()
                frames.reserveCapacity(self.bytes)
                var ends: [Int] = []
                var encoder = BinaryEncoder()
                encoder.write(self.json.frames, into: &frames) { ends.append($0) }
                let run = FrameRun(frames: frames, ends: ends)
                made = run
                return run
            }
        }
    }

    /// The entries' event frames, joined.
    func frames(in encoding: WireEncoding) -> ByteBuffer {
        switch encoding {
        case .json: self.json.frames
        case .binary: self.run(in: .binary).frames
        }
    }

    func shared(in encoding: WireEncoding) -> SharedFrames {
        SharedFrames(frames: self.frames(in: encoding), entries: self.entries.count)
    }

    /// Whether its binary frames were made.
    var hasBinary: Bool { self.binary.withLock { $0 != nil } }
}

/// What a turn of the shard means for one event loop, in order.
enum LoopEffect: Sendable {
    case broadcast(Broadcast)
    case answer(RequestOrigin, Answer)
    case attached(RequestOrigin, UserID, [RoomSeat])
    case join(UserID, RoomSeat)
    case part(UserID, ConversationID, ending: Broadcast?)
    case told(UserID, ConversationID, head: Int64)
    /// The user may have lost the right to see others, and they that to see him.
    case apart(UserID)
    case bell(ConversationID, head: Int64)
    case position(UserID, ConversationID, read: Int64, delivered: Int64, except: RequestOrigin)
    /// A read request was answered: whole frames for one connection.
    case frames(RequestOrigin, ByteBuffer)
    /// A question about presence was answered: the connection is told of these users from now on.
    case watch(RequestOrigin, [UserID])
    /// The connection is told of these users no longer.
    case unwatch(RequestOrigin, [UserID])
    /// The counts of a connected sender's messages moved: a frame for all his connections.
    case receipts(UserID, ByteBuffer)
    case typing(UserID, ConversationID)
    case presence(UserID, online: Bool)
    case gone(UserID, Set<ConversationID>, connection: String)
    case hidden(UserID)
    /// A log-in was ended: its connections close.
    case sessionEnded(UserID, SessionID)
}

/// What waits for a connection until the end of the loop's turn.
enum Outgoing {
    case broadcast(Broadcast)
    /// As JSON; they are encoded for the connection when they are written.
    case frames(ByteBuffer)
}
