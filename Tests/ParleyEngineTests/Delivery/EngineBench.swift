import Foundation
import Logging
import NIOCore
import NIOEmbedded
import ParleyDomain
import ParleyTestKit
import ParleyWire
import Synchronization
import Testing

@testable import ParleyEngine

/// A client's socket that keeps what is written to it.
///
/// `@unchecked Sendable` is sound because everything is touched on the bench's one event loop only.
final class FakeSocket: Socket, @unchecked Sendable {
    let eventLoop: any EventLoop
    var isWritable = true
    private(set) var writes: [ByteBuffer] = []
    private(set) var closed: UInt16?
    private(set) var pauses = 0
    private(set) var resumes = 0

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// Hears of each write, so that a test can see the order of writes to several sockets.
    var onWrite: (() -> Void)?

    func write(_ frames: ByteBuffer) {
        self.writes.append(frames)
        self.onWrite?()
    }
    func close(code: UInt16, reason: String) { self.closed = code }
    func pauseReading() { self.pauses += 1 }
    func resumeReading() { self.resumes += 1 }

    /// The JSON texts of all frames written so far; of binary frames too.
    var texts: [String] { self.texts(after: 0) }

    /// The JSON texts of the frames of all writes after the first so many.
    func texts(after writes: Int) -> [String] {
        var texts: [String] = []
        for var buffer in self.writes.dropFirst(writes) {
            while let first = buffer.readInteger(as: UInt16.self) {
                let short = Int(first & 0x7F)
                let length =
                    switch short {
                    case 126: buffer.readInteger(as: UInt16.self).map(Int.init) ?? 0
                    case 127: buffer.readInteger(as: UInt64.self).map { Int(clamping: $0) } ?? 0
                    default: short
                    }
                let payload = buffer.readSlice(length: length) ?? ByteBuffer()
                texts.append(first >> 8 == 0x82 ? Self.text(binary: payload) : String(buffer: payload))
            }
        }
        return texts
    }

    private static func text(binary: ByteBuffer) -> String {
        let json = try? BinaryReader.json(of: binary.readableBytesUInt8Span, limit: .max)
        return String(decoding: json ?? [], as: UTF8.self)
    }

    /// The `type` of each frame, and its sequence where it has one.
    var summary: [String] { self.summary(after: 0) }

    func summary(after writes: Int) -> [String] {
        self.texts(after: writes).map { text in
            let object = (try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]) ?? [:]
            let type = object["type"] as? String ?? "?"
            if let sequence = object["sequence"] as? Int { return "\(type) \(sequence)" }
            if let name = object["name"] as? String, type == "error" { return "error \(name)" }
            return type
        }
    }
}

/// Lets in whoever shows a token `token-USER`; one of `token-guest` is good until the clock shows 1,090,000.
struct OpenAccounts: AccountService {
    func register(name: String, password: String, device: String, from origin: Origin) async throws(Refusal) -> LoginGrant {
        throw Refusal(.forbidden)
    }
    func logIn(name: String, password: String, device: String, from origin: Origin) async throws(Refusal) -> LoginGrant {
        throw Refusal(.forbidden)
    }
    func refresh(token: String, from origin: Origin) async throws(Refusal) -> LoginGrant { throw Refusal(.forbidden) }
    func logOut(_ identity: Identity) async throws(Refusal) {}
    func authenticate(token: String) async throws(Refusal) -> Identity {
        guard token.hasPrefix("token-") else { throw Refusal(.badToken) }
        let user = String(token.dropFirst(6))
        return Identity(
            user: UserID(trusted: user), name: user, session: SessionID(trusted: "s-" + user), device: "",
            ends: user == "guest" ? 1_090_000 : nil)
    }
    func makeTicket(for identity: Identity) async throws(Refusal) -> (ticket: String, expires: Int64) { ("", 0) }
    func redeem(ticket: String) async throws(Refusal) -> Identity { throw Refusal(.badToken) }
}

/// A whole engine over a store in memory, on one event loop and clocks that the test winds.
final class EngineBench: Sendable {
    let loop = NIOAsyncTestingEventLoop()
    let engine: Engine
    let store: MemoryMessageStore

    init(users: [String], settings: EngineSettings = EngineSettings(), pushHook: (any PushHook)? = nil) throws {
        let store = MemoryMessageStore(epoch: "e1", firstID: 1)
        for user in users { store.addUser(UserProfile(user: UserID(trusted: user), name: user)) }
        self.store = store
        let time = TimeSource()
        self.source = time
        self.engine = Engine(
            store: store, reader: store, accounts: OpenAccounts(), group: self.loop, settings: settings,
            clock: EngineClock(wall: { time.now }, steady: { time.now }, fine: { time.look() }),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), pushHook: pushHook)
    }

    private let source: TimeSource

    final class TimeSource: Sendable {
        private let value = Mutex<Int64>(1_000_000)
        var now: Int64 { self.value.withLock { $0 } }
        /// Nanoseconds, and how many of them each look takes.
        private let fine = Mutex<(now: Int64, step: Int64)>((0, 0))
        func look() -> Int64 {
            self.fine.withLock {
                $0.now += $0.step
                return $0.now
            }
        }
        func setStep(_ step: Int64) { self.fine.withLock { $0.step = step } }
        func advance(_ milliseconds: Int64) { self.value.withLock { $0 += milliseconds } }
    }

    /// What passes from one look at the fine clock to the next, in nanoseconds.
    func setStep(_ step: Int64) { self.source.setStep(step) }

    /// Lets the clock go on, but not the loop's timers.
    func wind(_ milliseconds: Int64) { self.source.advance(milliseconds) }

    /// Lets the clock go on and the loop's timers with it.
    func advance(_ milliseconds: Int64) async {
        self.source.advance(milliseconds)
        await self.loop.advanceTime(by: .milliseconds(milliseconds))
    }

    /// Runs the loop until this holds. The shard's thread works meanwhile; a test that waits for nothing ends by its time limit.
    func until(_ condition: @escaping @Sendable () -> Bool) async throws {
        while true {
            await self.loop.advanceTime(by: LoopTurns.pause)
            if try await self.loop.executeInContext(condition) { return }
            await Task.yield()
        }
    }

    /// A connection that has not said anything yet.
    func connect(_ subprotocol: Subprotocol = .json) async throws -> (FakeSocket, any SocketSession) {
        let socket = FakeSocket(self.loop)
        let engine = self.engine
        let info = ConnectionInfo(origin: Origin(address: "192.0.2.1", agent: ""), subprotocol: subprotocol)
        let session = try await self.loop.executeInContext { Carried(engine.makeSession(for: socket, info: info)) }
        return (socket, session.value)
    }

    func say(_ text: String, on session: any SocketSession) async throws {
        let session = Carried(session)
        try await self.loop.executeInContext { session.value.received(text: ByteBuffer(string: text)) }
    }

    /// The same in the encoding that the connection agreed on.
    func say(_ text: String, on session: any SocketSession, in encoding: WireEncoding) async throws {
        guard encoding == .binary else { return try await self.say(text, on: session) }
        let session = Carried(session)
        try await self.loop.executeInContext { session.value.received(binary: Self.binary(text)) }
    }

    static func binary(_ text: String) -> ByteBuffer {
        var (frame, binary) = (ByteBuffer(), ByteBuffer())
        WebSocketFrameHeader.writeFrame(ByteBuffer(string: text), into: &frame)
        var encoder = BinaryEncoder()
        encoder.write(frame, into: &binary)
        return WebSocketFrameHeader.payload(of: binary) ?? ByteBuffer()
    }

    /// A connection that is live.
    func enter(_ user: String, _ subprotocol: Subprotocol = .json) async throws -> (FakeSocket, any SocketSession) {
        let (socket, session) = try await self.connect(subprotocol)
        try await self.say(
            #"{"type":"auth","id":0,"token":"token-\#(user)"}"#, on: session, in: subprotocol.encoding)
        try await self.until { socket.summary.contains("ready") }
        return (socket, session)
    }

    func send(_ conversation: String, _ id: Int, on session: any SocketSession) async throws {
        try await self.say(Self.sending(conversation, id), on: session)
    }

    static func sending(_ conversation: String, _ id: Int) -> String {
        #"{"type":"send","id":\#(id),"conversation":"\#(conversation)","client_id":"m\#(id)","content":{"type":"text","text":"hi"}}"#
    }

    /// Makes a group and gives its id.
    func group(of members: [String], by session: any SocketSession, at socket: FakeSocket) async throws -> String {
        let list = members.map { "\"\($0)\"" }.joined(separator: ",")
        try await self.say(
            #"{"type":"create","id":1,"client_id":"g","kind":"group","title":"G","members":[\#(list)]}"#, on: session)
        try await self.until { socket.summary.contains("created 1") }
        let text = try #require(socket.texts.first { $0.hasPrefix(#"{"type":"created""#) })
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        return try #require(object?["conversation"] as? String)
    }

    /// A request over HTTP, as it were: the status and the text of the answer.
    func exchange(_ text: String, as user: String) async throws -> (status: Int, text: String) {
        let reply = try await self.exchange(ByteBuffer(string: text), in: .json, as: user)
        return (reply.status, String(buffer: reply.body))
    }

    func exchange(_ request: ByteBuffer, in encoding: WireEncoding, as user: String) async throws -> ExchangeReply {
        let identity = Identity(
            user: UserID(trusted: user), name: user, session: SessionID(trusted: "s-" + user), device: "")
        let future = self.engine.exchange(request, in: encoding, as: identity)
        let reply = Mutex<ExchangeReply?>(nil)
        future.whenSuccess { value in reply.withLock { $0 = value } }
        try await self.until { reply.withLock { $0 != nil } }
        return try #require(reply.withLock { $0 })
    }

    func close() async { await self.engine.close() }
}

/// Takes something that lives on the event loop there and back. Sound because only code on the loop touches the value.
struct Carried<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
