import NIOCore
import NIOHTTP1
import NIOPosix
import ParleyDomain
import ParleyWire
import Synchronization
import Testing

@testable import ParleyClient

/// A server of one conversation, as far as a client can tell: dedupes by client id, and can break at bad moments.
final class LittleServer: Sendable {
    struct State: Sendable {
        /// By place in the log: the client id and the content.
        var log: [(clientID: String, content: String)] = []
        /// Sends that are stored and never acked: the connection is cut in the place of the ack.
        var cutsInPlaceOfAck = 0
        var tokens: [String] = []
    }
    let state = Mutex(State())

    static let hello =
        #"{"type":"hello","protocol":"parley.json.1","epoch":"e1","heartbeat_ms":30000,"auth_ms":5000,"limits":{"requests_in_flight":64}}"#

    func answer(_ text: String) -> ServerMove {
        var decoder = FrameDecoder()
        guard let request = try? decoder.decode(ByteBuffer(string: text)) else { return .close(4_400) }
        return self.state.withLock { state in
            switch request.frame {
            case .auth(let credential):
                guard case .token(let token) = credential, token.hasPrefix("good") else {
                    return .say([
                        #"{"type":"error","id":\#(request.id),"code":40101,"name":"bad_token","message":"no","retry":"after_change"}"#
                    ])
                }
                state.tokens.append(token)
                return .say([#"{"type":"ready","id":\#(request.id),"user":"u1","name":"Ann","session":"s1","connection":"1"}"#])
            case .sync:
                return .say([
                    #"{"type":"synced","id":\#(request.id),"epoch":"e1","token":"1.5","conversations":[{"conversation":"g","kind":"group","title":"General","role":"member","members":2,"head":\#(state.log.count),"read":0,"delivered":0,"unread":0,"visible_from":1,"time":1}],"more":false}"#
                ])
            case .command(let command):
                guard case .send(let message) = command.action else { return .close(4_400) }
                let name = command.clientID.rawValue
                if !state.log.contains(where: { $0.clientID == name }) {
                    state.log.append((name, String(decoding: message.content, as: UTF8.self)))
                }
                if state.cutsInPlaceOfAck > 0 {
                    state.cutsInPlaceOfAck -= 1
                    return .cut
                }
                let place = (state.log.firstIndex { $0.clientID == name } ?? 0) + 1
                return .say([
                    #"{"type":"ack","id":\#(request.id),"conversation":"g","client_id":"\#(name)","sequence":\#(place),"message":"m\#(place)","time":1}"#
                ])
            case .history(_, .after(let position), _):
                let entries = state.log.enumerated().dropFirst(Int(position)).map { index, entry in
                    #"{"sequence":\#(index + 1),"message":"m","kind":"message","sender":"u1","client_id":"\#(entry.clientID)","time":1,"content":\#(entry.content)}"#
                }
                return .say([
                    #"{"type":"page","id":\#(request.id),"conversation":"g","head":\#(state.log.count),"entries":[\#(entries.joined(separator: ","))],"more":false}"#
                ])
            case .ping: return .say([#"{"type":"pong","id":\#(request.id),"time":1}"#])
            default: return .say([#"{"type":"ok","id":\#(request.id)}"#])
            }
        }
    }
}

/// Gathers a client's events, and waits for one that matters.
final class EventLog: Sendable {
    private let state = Mutex(
        (events: [ChatEvent](), waiters: [(@Sendable ([ChatEvent]) -> Bool, CheckedContinuation<Void, Never>)]()))

    func take(_ events: [ChatEvent]) -> Bool {
        let ready = self.state.withLock { state in
            state.events += events
            let ready = state.waiters.filter { $0.0(state.events) }
            state.waiters.removeAll { $0.0(state.events) }
            return ready
        }
        for waiter in ready { waiter.1.resume() }
        return true
    }

    var events: [ChatEvent] { self.state.withLock { $0.events } }

    func wait(until condition: @escaping @Sendable ([ChatEvent]) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isReady = self.state.withLock { state in
                if condition(state.events) { return true }
                state.waiters.append((condition, continuation))
                return false
            }
            if isReady { continuation.resume() }
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct TransportTests {
    private static func client(
        _ port: Int, _ log: EventLog, settings: ClientSettings = Self.quick, renewal: ChatClient.Renewal? = nil
    ) throws -> ChatClient {
        let address = try #require(ServerAddress("http://127.0.0.1:\(port)"))
        let core = ClientCore(user: UserID(trusted: "u1"), credential: .token(""), settings: settings)
        return ChatClient(
            core: core, connector: SocketConnector(address), loop: MultiThreadedEventLoopGroup.singleton.next(),
            renewal: renewal ?? { $0.makeSucceededFuture(.token("good")) }, listener: { log.take($0) })
    }

    private static var quick: ClientSettings {
        var settings = ClientSettings()
        settings.pauseMilliseconds = 1
        settings.pauseMillisecondsMax = 5
        return settings
    }

    private static func send(_ number: Int) -> OutboxItem {
        let content = Array(#"{"type":"text","text":"\#(number)"}"#.utf8)
        return .command(.send(ConversationID(trusted: "g"), ClientID(trusted: "c\(number)"), content: content, relatesTo: 0))
    }

    @Test func whatWasSentArrivesOnceAndInOrderThoughAcksAreLost() async throws {
        let little = LittleServer()
        little.state.withLock { $0.cutsInPlaceOfAck = 3 }
        let server = try await ScriptedServer.start(greeting: [LittleServer.hello]) { little.answer($1) }
        let log = EventLog()
        let client = try Self.client(server.port, log)
        client.start()
        for number in 1...10 { client.submit(Self.send(number)) }
        await log.wait { events in events.count { if case .settled = $0 { true } else { false } } >= 10 }
        try await client.close().get()
        #expect(little.state.withLock { $0.log.map(\.clientID) } == (1...10).map { "c\($0)" })
        let settled = log.events.compactMap { if case .settled(_, let receipt) = $0 { receipt.sequence } else { nil } }
        #expect(settled == Array(1...10))
        let accepted = log.events.compactMap { if case .accepted(_, let entry) = $0 { entry.sequence } else { nil } }
        #expect(accepted == Array(1...10), "each entry is shown once, in order")
        #expect(server.connectionCount == 4)
        try await server.stop()
    }

    @Test func aServerThatComesLaterIsFoundAndGetsWhatWaits() async throws {
        let little = LittleServer()
        // A port that nobody listens on: bound and given up again.
        let first = try await ScriptedServer.start { _, _ in .cut }
        let port = first.port
        try await first.stop()
        let log = EventLog()
        let client = try Self.client(port, log)
        client.submit(Self.send(1))
        client.start()
        await log.wait { $0.contains { if case .offline = $0 { true } else { false } } }
        let server = try await ScriptedServer.start(on: port, greeting: [LittleServer.hello]) { little.answer($1) }
        await log.wait { $0.contains { if case .settled = $0 { true } else { false } } }
        #expect(log.events.first == .connecting)
        try await client.close().get()
        try await server.stop()
    }

    @Test func everyConnectionShowsAFreshCredentialAndARefusedOneEndsIt() async throws {
        let little = LittleServer()
        little.state.withLock { $0.cutsInPlaceOfAck = 1 }
        let server = try await ScriptedServer.start(greeting: [LittleServer.hello]) { little.answer($1) }
        let (log, counter) = (EventLog(), Counter())
        let client = try Self.client(server.port, log) { loop in
            let number = counter.next()
            return loop.makeSucceededFuture(.token(number < 3 ? "good\(number)" : "bad"))
        }
        client.start()
        client.submit(Self.send(1))
        await log.wait { $0.contains { if case .settled = $0 { true } else { false } } }
        #expect(little.state.withLock { $0.tokens } == ["good1", "good2"])
        little.state.withLock { $0.cutsInPlaceOfAck = 1 }
        client.submit(Self.send(2))
        await log.wait { $0.contains { if case .loggedOut = $0 { true } else { false } } }
        #expect(counter.value == 3)
        try await client.close().get()
        try await server.stop()
    }

    @Test func questionsAreAnsweredOrSaidToBeUnanswered() async throws {
        let little = LittleServer()
        let server = try await ScriptedServer.start(greeting: [LittleServer.hello]) { little.answer($1) }
        let log = EventLog()
        let client = try Self.client(server.port, log)
        client.ask(.ping, tag: 1)
        await log.wait { $0.contains(.unanswered(1)) }
        client.start()
        await log.wait { $0.contains(.live) }
        client.ask(.ping, tag: 2)
        await log.wait { $0.contains { if case .answer(2, .pong, _) = $0 { true } else { false } } }
        try await client.close().get()
        try await server.stop()
    }

    @Test func aConversationThatIsNewHereIsTakenFromNearItsEnd() async throws {
        let little = LittleServer()
        little.state.withLock { state in state.log = (1...500).map { ("x\($0)", #"{"type":"text","text":"old"}"#) } }
        let server = try await ScriptedServer.start(greeting: [LittleServer.hello]) { little.answer($1) }
        let log = EventLog()
        var settings = Self.quick
        settings.historyEntries = 3
        let client = try Self.client(server.port, log, settings: settings)
        client.start()
        await log.wait { events in
            events.contains { if case .accepted(_, let entry) = $0 { entry.sequence == 500 } else { false } }
        }
        let accepted = log.events.compactMap { if case .accepted(_, let entry) = $0 { entry.sequence } else { nil } }
        #expect(accepted == [498, 499, 500])
        try await client.close().get()
        try await server.stop()
    }

    // MARK: The socket alone

    @Test func aSocketHandsOnWholeMessagesAndTheEnd() async throws {
        let server = try await ScriptedServer.start(greeting: ["h\u{E9}llo"]) { _, text in
            text == "bye" ? .close(4_401) : .say([text])
        }
        let address = try #require(ServerAddress("ws://127.0.0.1:\(server.port)"))
        let socket = try await WebSocketClient.connect(SocketConnector(address))
        var messages: [SocketMessage] = []
        try await socket.send(text: "echo")
        for await message in socket.messages {
            messages.append(message)
            if messages.count == 2 { try await socket.send(text: "bye") }
        }
        #expect(
            messages == [
                .text(ByteBuffer(string: "h\u{E9}llo")), .text(ByteBuffer(string: "echo")), .closed(code: 4_401, reason: ""),
            ])
        try await server.stop()
    }

    @Test func aSlowTakerGetsEverything() async throws {
        let server = try await ScriptedServer.start { _, text in .say((1...5_000).map { "\(text) \($0)" }) }
        let address = try #require(ServerAddress("ws://127.0.0.1:\(server.port)"))
        let socket = try await WebSocketClient.connect(SocketConnector(address))
        try await socket.send(text: "m")
        var count = 0
        for await message in socket.messages {
            count += 1
            #expect(message == .text(ByteBuffer(string: "m \(count)")))
            if count % 50 == 0 { await Task.yield() }
            if count == 5_000 { break }
        }
        await socket.close()
        try await server.stop()
    }

    @Test func whoSpeaksAnotherProtocolIsRefused() async throws {
        let server = try await ScriptedServer.start(subprotocol: "other") { _, _ in .cut }
        let address = try #require(ServerAddress("ws://127.0.0.1:\(server.port)"))
        await #expect(throws: ConnectFailure.self) { _ = try await WebSocketClient.connect(SocketConnector(address)) }
        try await server.stop()
    }

    @Test func httpAnswersComeWhole() async throws {
        let server = try await ScriptedServer.start { _, _ in .cut }
        let address = try #require(ServerAddress("http://127.0.0.1:\(server.port)"))
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let answer = try await address.perform(HTTPCall(.POST, "/v1/login", body: Array("{}".utf8)), on: loop).get()
        #expect(answer.status == 418)
        #expect(String(buffer: answer.body) == "no")
        try await server.stop()
        await #expect(throws: ConnectFailure.self) {
            _ = try await address.perform(HTTPCall(.GET, "/healthz"), on: loop).get()
        }
    }
}
