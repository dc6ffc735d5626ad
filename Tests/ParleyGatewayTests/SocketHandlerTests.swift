import Logging
import NIOCore
import NIOEmbedded
import ParleyEngine
import ParleyGateway
import ParleyWire
import Testing

/// Keeps what its socket said.
final class RecordingSession: SocketSession {
    private(set) var said: [String] = []
    var onText: (String) -> Void = { _ in }

    func received(text: ByteBuffer) {
        self.said.append("text \(String(buffer: text))")
        self.onText(String(buffer: text))
    }
    func received(binary: ByteBuffer) { self.said.append("binary \(binary.readableBytes)") }
    func becameWritable() { self.said.append("writable") }
    func disconnected() { self.said.append("disconnected") }
}

// Sound because an embedded channel and all that it carries stay on the thread of one test.
private struct OneSession: SocketSessionFactory, @unchecked Sendable {
    let session: RecordingSession
    func makeSession(for socket: any Socket, info: ConnectionInfo) -> any SocketSession { self.session }
}

/// A socket on an embedded channel, with a hand-wound clock.
private final class Bench {
    let channel = EmbeddedChannel()
    let session = RecordingSession()
    let registry: LoopRegistry
    let ledger = ConnectionLedger(maximum: 10, perAddressMaximum: 10)
    let socket: SocketHandler
    private let start: Int64

    init(settings: SocketEnvironment.Settings = .init()) throws {
        self.registry = LoopRegistry(eventLoop: self.channel.eventLoop)
        self.start = self.registry.now
        let environment = SocketEnvironment(
            settings: settings, registry: self.registry, sessions: OneSession(session: self.session),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let key = AddressKey(try SocketAddress(ipAddress: "192.0.2.1", port: 1))
        #expect(self.ledger.admit(key) == .admitted)
        self.socket = SocketHandler(id: 1, environment: environment, admission: Admission(ledger: self.ledger, key: key))
        try self.channel.pipeline.syncOperations.addHandler(self.socket)
        self.channel.connect(to: try SocketAddress(ipAddress: "192.0.2.1", port: 1), promise: nil)
        self.registry.add(self.socket)
        self.socket.start(info: ConnectionInfo(origin: Origin(address: "192.0.2.1", agent: ""), subprotocol: .json))
    }

    func feed(_ bytes: [UInt8]) throws {
        try self.channel.writeInbound(ByteBuffer(bytes: bytes))
        self.channel.embeddedEventLoop.run()
    }

    /// Everything sent since the last look.
    func sent() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try self.channel.readOutbound(as: ByteBuffer.self) { bytes += Array(buffer.readableBytesView) }
        return bytes
    }

    func sweep(after milliseconds: Int64) {
        self.registry.sweep(at: self.start + milliseconds)
        self.channel.embeddedEventLoop.run()
    }

    func isOpen() -> Bool { self.channel.isActive }
}

private func close(_ code: UInt16, _ reason: String = "") -> [UInt8] {
    var buffer = ByteBuffer()
    WebSocketFrameHeader.writeClose(code: code, reason: reason, into: &buffer)
    return Array(buffer.readableBytesView)
}

struct SocketHandlerTests {
    private typealias Make = ClientFrames

    @Test func messagesReachTheSessionInOrder() throws {
        let bench = try Bench()
        try bench.feed(Make.text("a") + Make.frame(Make.binary, [1, 2]) + Make.text("b", isFinal: false))
        try bench.feed(Make.frame(0, [0x63]))
        #expect(bench.session.said == ["text a", "binary 2", "text bc"])
    }

    @Test func whatTheEngineWritesGoesOutAsItIs() throws {
        let bench = try Bench()
        bench.socket.write(ByteBuffer(string: "frames"))
        #expect(try bench.sent() == Array("frames".utf8))
    }

    @Test func pingIsAnsweredWithItsPayload() throws {
        let bench = try Bench()
        try bench.feed(Make.frame(Make.ping, [7, 8]) + Make.frame(Make.pong, [9]))
        #expect(try bench.sent() == [0x8A, 2, 7, 8])
        #expect(bench.session.said.isEmpty)
    }

    @Test func pongsAreCappedPerSecondAndAFloodEndsTheConnection() throws {
        var settings = SocketEnvironment.Settings()
        (settings.pongsPerSecond, settings.controlFramesPerSecond) = (3, 6)
        let bench = try Bench(settings: settings)
        try bench.feed((0..<6).flatMap { _ in Make.frame(Make.ping) })
        #expect(try bench.sent() == [0x8A, 0, 0x8A, 0, 0x8A, 0])
        bench.sweep(after: 1_000)
        try bench.feed(Make.frame(Make.ping))
        #expect(try bench.sent() == [0x8A, 0])
        try bench.feed((0..<7).flatMap { _ in Make.frame(Make.pong) })
        #expect(try bench.sent() == close(4429, "rate_limited"))
        #expect(bench.session.said == ["disconnected"])
    }

    @Test func closeOfTheClientIsEchoedAndTheSessionToldOnce() throws {
        let bench = try Bench()
        try bench.feed(Make.close(3_001, "bye") + Make.text("late"))
        #expect(try bench.sent() == close(3_001))
        #expect(bench.session.said == ["disconnected"])
        bench.socket.write(ByteBuffer(string: "late"))
        #expect(try bench.sent().isEmpty)
        bench.sweep(after: 5_000)
        #expect(!bench.isOpen())
        #expect(bench.session.said == ["disconnected"])
        #expect(bench.ledger.total == 0)
        #expect(bench.registry.count == 0)
    }

    @Test(arguments: [FrameViolation.unmasked, .notUTF8, .messageTooLarge])
    func violationIsAnsweredWithItsCode(violation: FrameViolation) throws {
        let bytes =
            switch violation {
            case .unmasked: Make.frame(Make.text, [0x61], mask: nil)
            case .notUTF8: Make.frame(Make.text, [0xFF])
            default: Make.frame(Make.text, declared: 1 << 30)
            }
        let bench = try Bench()
        try bench.feed(Make.text("a") + bytes + Make.text("b"))
        #expect(try bench.sent() == close(violation.closeCode, violation.reason))
        #expect(bench.session.said == ["text a", "disconnected"])
    }

    @Test func closeOfTheEngineWaitsForTheClientsFiveSeconds() throws {
        let bench = try Bench()
        bench.socket.close(code: 4_401, reason: "session_ended")
        bench.socket.close(code: 4_402, reason: "again")
        #expect(try bench.sent() == close(4_401, "session_ended"))
        try bench.feed(Make.text("late"))
        #expect(bench.session.said.isEmpty)
        bench.sweep(after: 3_000)
        #expect(bench.isOpen())
        bench.sweep(after: 5_000)
        #expect(!bench.isOpen())
        #expect(bench.session.said == ["disconnected"])
    }

    @Test func closeOfTheEngineEndsWithTheClientsAnswer() throws {
        let bench = try Bench()
        bench.socket.close(code: 1_001, reason: "")
        try bench.feed(Make.close(1_001))
        #expect(try bench.sent() == close(1_001))
        #expect(bench.session.said == ["disconnected"])
    }

    @Test func silentClientIsPingedThenCut() throws {
        let bench = try Bench()
        bench.sweep(after: 30_000)
        #expect(try bench.sent() == [0x89, 0])
        bench.sweep(after: 60_000)
        #expect(!bench.isOpen())
        #expect(bench.session.said == ["disconnected"])
    }

    @Test func deadConnectionTellsTheSessionOnce() throws {
        let bench = try Bench()
        bench.channel.pipeline.fireErrorCaught(ChannelError.alreadyClosed)
        bench.channel.embeddedEventLoop.run()
        #expect(!bench.isOpen())
        bench.socket.cut()
        bench.sweep(after: 1_000)
        #expect(bench.session.said == ["disconnected"])
        #expect(bench.ledger.total == 0)
    }

    @Test func endOfTheClientsDirectionEndsTheConnection() throws {
        let bench = try Bench()
        bench.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        bench.channel.embeddedEventLoop.run()
        #expect(!bench.isOpen())
        #expect(bench.session.said == ["disconnected"])
    }

    @Test func pausedSessionGetsNothingUntilItResumes() throws {
        let bench = try Bench()
        let socket = bench.socket
        bench.session.onText = { text in if text == "stop" { socket.pauseReading() } }
        try bench.feed(Make.text("stop") + Make.text("b") + Make.text("stop") + Make.text("d"))
        #expect(bench.session.said == ["text stop"])
        try bench.feed(Make.text("e"))
        bench.socket.resumeReading()
        bench.channel.embeddedEventLoop.run()
        #expect(bench.session.said == ["text stop", "text b", "text stop"])
        bench.socket.resumeReading()
        bench.channel.embeddedEventLoop.run()
        #expect(bench.session.said == ["text stop", "text b", "text stop", "text d", "text e"])
        bench.session.onText = { _ in }
    }

    @Test func socketIsUnwritableWhileItsQueueIsFull() throws {
        let bench = try Bench()
        #expect(bench.socket.isWritable)
        bench.channel.isWritable = false
        bench.channel.pipeline.fireChannelWritabilityChanged()
        #expect(!bench.socket.isWritable)
        #expect(bench.session.said.isEmpty)
        bench.channel.isWritable = true
        bench.channel.pipeline.fireChannelWritabilityChanged()
        #expect(bench.session.said == ["writable"])
    }

    @Test func quiescingSaysGoingAway() throws {
        let bench = try Bench()
        bench.registry.quiesce()
        #expect(try bench.sent() == close(1_001, "going away"))
        bench.registry.cutAll()
        bench.channel.embeddedEventLoop.run()
        #expect(!bench.isOpen())
        #expect(bench.session.said == ["disconnected"])
    }

    @Test func strangersMessagesAreShorter() throws {
        var settings = SocketEnvironment.Settings()
        settings.messageBytesBeforeLogin = 4
        let known = try Bench(settings: settings)
        try known.feed(Make.text("1234"))
        known.socket.loggedIn()
        try known.feed(Make.text("12345"))
        #expect(known.session.said == ["text 1234", "text 12345"])
        let stranger = try Bench(settings: settings)
        try stranger.feed(Make.text("12345"))
        #expect(try stranger.sent() == close(1_009, "frame_too_large"))
    }

    @Test func addressCountsOnlyUntilTheLoginWindowEnds() throws {
        let bench = try Bench()
        let ledger = bench.ledger
        let key = AddressKey(try SocketAddress(ipAddress: "192.0.2.1", port: 2))
        for _ in 0..<9 { #expect(ledger.admit(key) == .admitted) }
        for _ in 0..<9 { ledger.release(key) }
        #expect(ledger.total == 1)
        bench.sweep(after: 10_000)
        #expect(ledger.total == 1)
        for _ in 0..<9 { #expect(ledger.admit(key) == .admitted) }
        #expect(ledger.admit(key) == .full)
    }
}

struct ConnectionLedgerTests {
    private func key(_ address: String) throws -> AddressKey? { AddressKey(try SocketAddress(ipAddress: address, port: 9)) }

    @Test func capsAreOverAllAndPerAddress() throws {
        let ledger = ConnectionLedger(maximum: 3, perAddressMaximum: 2)
        let (one, two) = (try self.key("192.0.2.1"), try self.key("192.0.2.2"))
        #expect(ledger.admit(one) == .admitted)
        #expect(ledger.admit(one) == .admitted)
        #expect(ledger.admit(one) == .tooManyFromAddress)
        #expect(ledger.admit(two) == .admitted)
        #expect(ledger.admit(two) == .full)
        ledger.release(one)
        #expect(ledger.admit(one) == .admitted)
    }

    @Test func oneCustomersIPv6AddressesCountAsOne() throws {
        #expect(try self.key("2001:db8:0:1::1") == self.key("2001:db8:0:1:ffff::2"))
        #expect(try self.key("2001:db8:0:1::1") != self.key("2001:db8:0:2::1"))
        #expect(try self.key("::ffff:192.0.2.1") == self.key("192.0.2.1"))
        #expect(try self.key("192.0.2.1") != self.key("192.0.2.2"))
    }

    @Test func handedOverEntryIsReleasedOnce() throws {
        let ledger = ConnectionLedger(maximum: 3, perAddressMaximum: 2)
        let one = try self.key("192.0.2.1")
        _ = ledger.admit(one)
        var first = Admission(ledger: ledger, key: one)
        var second = first.handOver()
        first.release()
        #expect(ledger.total == 1)
        second.release()
        second.release()
        #expect(ledger.total == 0)
    }
}
