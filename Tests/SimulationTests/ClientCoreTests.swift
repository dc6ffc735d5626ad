import ParleyClient
import ParleyDomain
import ParleyTestKit
import ParleyWire
import Testing

/// A client core on a table: frames go in, what comes out is told in a few words.
struct Bench {
    var core: ClientCore
    var now: Int64 = 0
    var sent: [ClientRequest] = []

    init(from snapshot: ClientSnapshot = ClientSnapshot(), _ change: (inout ClientSettings) -> Void = { _ in }) {
        var settings = ClientSettings()
        change(&settings)
        self.core = ClientCore(user: "me", credential: .token("t"), settings: settings, from: snapshot)
    }

    /// Goes through to `ready`, and where `synced` is given, through its answer.
    mutating func enter(synced: [ReceivedSummary]? = []) {
        self.now = max(self.now, self.core.wake)
        _ = self.tick()
        self.core.opened(self.connection, at: self.now)
        self.take(.hello(Hello(epoch: "e", heartbeatMilliseconds: 1_000, requestsInFlight: 64)))
        self.take(.ready(id: self.last, user: "me"))
        guard let synced, let id = self.request(where: { if case .sync = $0 { true } else { false } }) else { return }
        self.take(.synced(id: id, ReceivedSync(epoch: "e", token: "1.5", conversations: synced, more: false)))
    }

    var connection: UInt64 = 0
    /// The id of the newest request.
    var last: Int64 { self.sent.last?.id ?? 0 }

    func request(where fits: (ClientFrame) -> Bool) -> Int64? { self.sent.last { fits($0.frame) }?.id }

    @discardableResult
    mutating func take(_ frame: ServerFrame) -> [String] {
        self.core.received(frame, on: self.connection, at: self.now, jitter: 1).map { action in
            switch action {
            case .send(let request):
                self.sent.append(request)
                return Self.words(request.frame)
            case .accept(let conversation, let entry): return "accept \(conversation) \(entry.sequence)"
            case .settled(let clientID, let receipt): return "settled \(clientID) \(receipt.sequence)"
            case .unchanged(let clientID): return "unchanged \(clientID)"
            case .created(let clientID, let conversation): return "created \(clientID) \(conversation)"
            case .refused(let clientID, let error): return "refused \(clientID) \(error.code)"
            case .ended(let conversation): return "ended \(conversation)"
            case .startOver: return "start over"
            case .loggedOut: return "logged out"
            case .close: return "close"
            }
        }
    }

    @discardableResult
    mutating func tick(after time: Int64 = 0) -> [String] {
        self.now += time
        return self.core.tick(at: self.now, jitter: 1).map { action in
            switch action {
            case .connect(let number):
                self.connection = number
                return "connect"
            case .send(let request):
                self.sent.append(request)
                return Self.words(request.frame)
            case .close: return "close"
            }
        }
    }

    mutating func send(_ clientID: ClientID, in conversation: ConversationID = "c") -> [String] {
        let requests = self.core.submit(
            .command(.send(conversation, clientID, content: Array("{}".utf8), relatesTo: 0)), at: self.now)
        self.sent += requests
        return requests.map { Self.words($0.frame) }
    }

    static func words(_ frame: ClientFrame) -> String {
        switch frame {
        case .auth: "auth"
        case .command(let command): "command \(command.clientID)"
        case .create(let clientID, _, _): "create \(clientID)"
        case .history(let conversation, .after(let sequence), _): "pull \(conversation) after \(sequence)"
        case .history: "history"
        case .sync(let sync):
            "sync \(sync.token.stamp) \(sync.positions.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" })"
        case .read(let conversation, let read, let delivered): "read \(conversation) \(read) \(delivered)"
        default: "other"
        }
    }
}

func entry(_ sequence: Int64, by sender: UserID = "you", _ kind: EntryKind = .message, content: String = "{}") -> ReceivedEntry {
    ReceivedEntry(
        sequence: sequence, id: "\(sequence)", kind: kind, sender: sender, clientID: ClientID(trusted: "x\(sequence)"), time: 1,
        content: Array(content.utf8))
}

func ack(_ clientID: ClientID, _ sequence: Int64) -> Receipt {
    Receipt(conversation: "c", clientID: clientID, sequence: sequence, id: "\(sequence)", time: 1)
}

func error(_ code: ErrorCode) -> ReceivedError { ReceivedError(Refusal(code)) }

@Suite struct ClientCoreTests {
    struct Push: Sendable {
        var position: Int64
        var pushed: Int64
        var expected: [String]
    }

    /// Drop at or below, take the next, pull above (R20, R38).
    @Test(arguments: [
        Push(position: 5, pushed: 4, expected: []), Push(position: 5, pushed: 5, expected: []),
        Push(position: 5, pushed: 6, expected: ["accept c 6"]), Push(position: 5, pushed: 7, expected: ["pull c after 5"]),
        Push(position: 0, pushed: 1, expected: ["accept c 1"]), Push(position: 0, pushed: 9, expected: ["pull c after 0"]),
    ])
    func pushes(_ row: Push) {
        var bench = Bench()
        bench.enter()
        if row.position > 0 {
            bench.take(.event("c", entry(row.position)))
            let entries = (1...row.position).map { entry($0) }
            bench.take(.page(id: bench.last, "c", ReceivedPage(entries: entries, head: row.position, more: false)))
        }
        #expect(bench.core.position(in: "c") == row.position)
        #expect(bench.take(.event("c", entry(row.pushed))) == row.expected)
    }

    /// Heads are pulled up to, so that the last message is not missed.
    @Test func headsArePulled() {
        let heads = [KnownHead("c", 2), KnownHead("d", 1)]
        for frame in [ServerFrame.heartbeat(time: 1, heads: heads), .behind(heads: heads), .heads(heads)] {
            var bench = Bench()
            bench.enter()
            #expect(bench.take(frame) == ["pull c after 0", "pull d after 0"])
            // One pull at a time for each.
            #expect(bench.take(.heartbeat(time: 1, heads: heads)) == [])
        }
    }

    /// Pages go on as long as there is more; what comes twice is dropped; holes between memberships are no gaps.
    @Test func pages() {
        var bench = Bench()
        bench.enter()
        #expect(bench.take(.event("c", entry(9))) == ["pull c after 0"])
        #expect(
            bench.take(.page(id: bench.last, "c", ReceivedPage(entries: [entry(1), entry(2)], head: 9, more: true)))
                == ["accept c 1", "accept c 2", "pull c after 2"])
        #expect(
            bench.take(.page(id: bench.last, "c", ReceivedPage(entries: [entry(2), entry(7), entry(9)], head: 9, more: false)))
                == ["accept c 7", "accept c 9"])
        #expect(bench.core.position(in: "c") == 9)
        #expect(
            bench.take(.page(id: bench.last, "c", ReceivedPage(entries: [entry(10)], head: 10, more: false))) == [],
            "not asked for")
    }

    /// The ack stands in the place of the event (contract, 4).
    @Test func acks() {
        var bench = Bench()
        bench.enter()
        #expect(bench.send("a") == ["command a"])
        #expect(bench.take(.ack(id: bench.last, ack("a", 1))) == ["settled a 1", "accept c 1"])
        #expect(bench.take(.event("c", entry(1, by: "me"))) == [], "the own event, by another way")
        #expect(bench.send("b") == ["command b"])
        #expect(bench.take(.ack(id: bench.last, ack("b", 4))) == ["settled b 4", "pull c after 1"], "a gap")
    }

    /// One at a time and in order; the same client id until an ack or a `never` (F8, R17).
    @Test func outbox() {
        var bench = Bench()
        bench.enter()
        #expect(bench.send("a") == ["command a"])
        #expect(bench.send("b") == [])
        #expect(bench.send("z", in: "d") == ["command z"], "another conversation does not wait")
        let first = bench.request { if case .command(let command) = $0 { command.clientID == "a" } else { false } } ?? 0
        #expect(bench.take(.error(id: first, error(.outcomeUnknown))) == [])
        #expect(bench.tick(after: 600) == ["command a"])
        #expect(bench.take(.error(id: first, error(.notMember))) == [], "an answer to the earlier try does not count")
        #expect(bench.take(.error(id: bench.last, error(.forbidden))) == ["refused a 40301", "command b"])
        #expect(bench.take(.ack(id: bench.last, ack("b", 1))) == ["settled b 1", "accept c 1"])
        #expect(bench.core.isOutboxEmpty == false, "z waits for its ack")
    }

    /// What was asked for is so already: the command is done, and the next one goes.
    @Test func whatChangesNothingLeavesTheOutbox() {
        var bench = Bench()
        bench.enter()
        #expect(bench.send("a") == ["command a"])
        #expect(bench.send("b") == [])
        #expect(bench.take(.ok(id: bench.last)) == ["unchanged a", "command b"])
        #expect(bench.take(.ack(id: bench.last, ack("b", 1))) == ["settled b 1", "accept c 1"])
        #expect(bench.core.isOutboxEmpty)
    }

    @Test func theOutboxOutlivesConnectionAndProcess() {
        var bench = Bench()
        #expect(bench.send("a") == [], "not connected")
        bench.enter(synced: nil)
        #expect(bench.sent.map { Bench.words($0.frame) } == ["auth", "sync 0 [\"c:0\"]", "command a"])
        bench.core.closed(bench.connection, at: bench.now, jitter: 3)
        var again = Bench(from: bench.core.snapshot)
        again.now = bench.now
        again.enter()
        #expect(again.sent.map { Bench.words($0.frame) } == ["auth", "sync 0 [\"c:0\"]", "command a"])
        #expect(again.core.snapshot.token == "1.5")
    }

    /// Resume by token and positions; what was known to be missing is pulled though nothing changed since (F7).
    @Test func resume() {
        var bench = Bench()
        bench.enter()
        bench.take(.event("c", entry(1)))
        bench.take(.event("c", entry(5)))
        bench.core.closed(bench.connection, at: bench.now, jitter: 3)
        bench.sent = []
        bench.enter()
        #expect(bench.sent.map { Bench.words($0.frame) }.prefix(3) == ["auth", "sync 5 [\"c:1\"]", "pull c after 1"])
    }

    @Test func startOver() {
        var bench = Bench()
        bench.enter()
        bench.take(.event("c", entry(1)))
        _ = bench.send("a")
        bench.core.closed(bench.connection, at: bench.now, jitter: 3)
        bench.enter(synced: nil)
        let sync = bench.request { if case .sync = $0 { true } else { false } } ?? 0
        #expect(bench.take(.error(id: sync, error(.startOver))) == ["start over", "sync 0 [\"c:0\"]"])
        #expect(bench.core.position(in: "c") == 0)
        #expect(!bench.core.isOutboxEmpty)
    }

    /// Two heartbeats missed end the connection (R78); pauses grow, and are drawn (F13).
    @Test func deadSockets() {
        var bench = Bench()
        bench.enter()
        bench.now += 1_999
        #expect(bench.tick() == [])
        bench.take(.heartbeat(time: 1, heads: []))
        #expect(bench.tick(after: 1_999) == [])
        #expect(bench.tick(after: 1) == ["close"])
        var longest: Int64 = 0
        for failures in 0..<12 {
            let pause = bench.core.wake - bench.now
            #expect((0...min(30_000, 500 << Int64(failures))).contains(pause))
            longest = max(longest, pause)
            bench.now = bench.core.wake
            #expect(bench.tick() == ["connect"])
            bench.core.closed(bench.connection, at: bench.now, jitter: UInt64(failures) &* 77)
        }
        #expect(longest > 1_000)
    }

    /// What an old connection still says does not count.
    @Test func lateFrames() {
        var bench = Bench()
        bench.enter()
        let old = bench.connection
        bench.core.closed(old, at: bench.now, jitter: 3)
        bench.enter()
        #expect(bench.core.received(.event("c", entry(1)), on: old, at: bench.now, jitter: 0) == [])
        bench.core.closed(old, at: bench.now, jitter: 0)
        #expect(bench.core.isLive)
    }

    /// Ten messages make one report, and a timer the rest (R49).
    @Test func reports() {
        var bench = Bench()
        bench.enter()
        for sequence in Int64(1)...9 { #expect(bench.take(.event("c", entry(sequence))) == ["accept c \(sequence)"]) }
        #expect(bench.take(.event("c", entry(10))) == ["accept c 10", "read c 0 10"])
        bench.take(.ok(id: bench.last))
        bench.take(.event("c", entry(11)))
        #expect(bench.core.read("c", upTo: 11, at: bench.now) == [])
        #expect(bench.tick(after: 999) == [])
        #expect(bench.tick(after: 1) == ["read c 11 11"])
        // An `ok` is no promise over a crash: what no sync has shown to be stored is told again.
        bench.take(.ok(id: bench.last))
        bench.core.closed(bench.connection, at: bench.now, jitter: 3)
        bench.sent = []
        bench.enter()
        #expect(bench.sent.map { Bench.words($0.frame) }.last == "read c 11 11")
        bench.core.closed(bench.connection, at: bench.now, jitter: 3)
        bench.sent = []
        bench.enter(synced: [ReceivedSummary(conversation: "c", kind: .group, isMember: true, head: 11, read: 11, delivered: 11)])
        #expect(bench.sent.count == 2, "auth and sync")
    }

    /// The end of a membership is told once; "not a member" does not outweigh what came after the question.
    @Test func ends() {
        var bench = Bench()
        bench.enter()
        bench.take(.event("c", entry(1)))
        #expect(
            bench.take(.event("c", entry(2, .removed, content: #"{"type":"ended","user":"me"}"#))) == ["accept c 2", "ended c"])
        #expect(bench.take(.event("c", entry(4, .added))) == ["pull c after 2"], "added again")
        let pull = bench.last
        bench.take(.event("c", entry(5)))
        #expect(bench.take(.error(id: pull, error(.notMember))) == [])
        #expect(bench.tick(after: 600) == ["pull c after 2"])
        #expect(bench.take(.error(id: bench.last, error(.notMember))) == ["ended c"])
        #expect(bench.tick(after: 60) == [])
    }

    @Test func badTokenStops() {
        var bench = Bench()
        _ = bench.tick()
        bench.core.opened(bench.connection, at: bench.now)
        bench.take(.hello(Hello(epoch: "e", heartbeatMilliseconds: 1_000, requestsInFlight: 64)))
        #expect(bench.take(.error(id: bench.last, error(.badToken))) == ["close", "logged out"])
        #expect(bench.tick(after: 1_000_000) == [])
    }
}
