/// A fault planted in the simulated shell, store or clients (never in the real types), to show that the checks see it (P-R20).
package enum SimBug: String, Sendable, CaseIterable {
    /// Acks go out when a batch is decided.
    case ackBeforeCommit
    /// Events go out when a batch is decided.
    case pushBeforeCommit
    /// A client takes a new client id for every try.
    case dedupeOff
    /// Sequences come from a counter that moves on when the transaction does not.
    case sequenceOutsideTransaction
    /// A page now and then begins one entry too late.
    case cursorSkip
    /// Heartbeats carry no heads.
    case noHeads
    /// A member who was removed keeps his seat.
    case eventToRemovedMember
    /// A client shows every event that it gets.
    case duplicatesShown
}

/// How one append fails.
enum SimFailure: Sendable, Equatable {
    case full
    case unavailable
    case unknownAndLost(closes: Bool)
    case unknownButStored(closes: Bool)
}

/// Something that goes wrong, and for how long.
enum SimFault: Sendable, Equatable {
    case append(SimFailure)
    /// The next reads of the shard's thread fail.
    case reads(Int)
    case serverCrash(downFor: Int64)
    case clientCrash(Int, downFor: Int64)
    /// The client's connection ends. What is on its way is lost; each side hears of it at once or not at all.
    case cut(Int, clientHears: Bool, serverHears: Bool)
    /// The client takes no bytes for a while.
    case stall(Int, lasts: Int64)
    /// The disk takes very long for one commit.
    case slowDisk(Int64)
}

/// Everything about a run that is drawn from its seed before it starts.
struct SimPlan: Sendable {
    var users = 3
    /// The user of each device.
    var devices: [Int] = []
    var loops = 2
    var heartbeat: Int64 = 3_000
    /// When faults and new commands stop.
    var horizon: Int64 = 12_000
    var commitMilliseconds: ClosedRange<Int64> = 1...5
    var hopMilliseconds: ClosedRange<Int64> = 0...1
    var netMilliseconds: ClosedRange<Int64> = 1...20
    var readMilliseconds: ClosedRange<Int64> = 0...10
    var positionsMilliseconds: Int64 = 500
    var connectionsPerTurn = 256
    var inputsPerTurn = 1_000
    var attachesPerTurn = 128
    /// Frames on their way to a client at which its socket counts as full.
    var highWater = 16
    /// Entries in a page, whatever the client asks for.
    var pageMax = 200
    var clientPage = 50
    var syncConversations = 100
    /// How many of a thousand pushes are lost inside the server.
    var lostPushes = 0
    /// How many of a thousand requests a client sends twice.
    var sentTwice = 0
    var requestMilliseconds: Int64 = 10_000
    var messagesPerReport = 10
    /// Whether a heartbeat may overtake the pushes that wait.
    var heartbeatsFirst = false
    /// Whether every frame goes through the real JSON encoders and decoders.
    var wire = false
    var faults: [(at: Int64, fault: SimFault)] = []
    var actions: [Int64] = []

    init(seed: UInt64, random: inout SimRandom) {
        self.users = random.int(3...5)
        for user in 0..<self.users {
            self.devices.append(user)
            if random.chance(350) { self.devices.append(user) }
        }
        self.loops = random.int(1...3)
        self.heartbeat = random.int64(1_500...4_000)
        self.horizon = random.int64(6_000...14_000)
        self.commitMilliseconds = 0...random.int64(1...40)
        self.hopMilliseconds = 0...random.int64(0...10)
        self.netMilliseconds = 1...random.int64(2...120)
        self.readMilliseconds = 0...random.int64(0...60)
        self.positionsMilliseconds = random.int64(100...1_000)
        self.messagesPerReport = random.int(1...10)
        self.wire = seed % 16 == 0
        self.buggify(&random)
        for _ in 0..<random.int(15...40) { self.actions.append(random.int64(300...self.horizon)) }
        self.actions.sort()
        for _ in 0..<random.int(2...6) {
            self.faults.append((random.int64(400...self.horizon), Self.fault(devices: self.devices.count, &random)))
        }
    }

    /// Makes code misbehave within its contract: limits so small that rare branches become common.
    private mutating func buggify(_ random: inout SimRandom) {
        if random.chance(300) { self.connectionsPerTurn = random.int(1...3) }
        if random.chance(300) { self.inputsPerTurn = random.int(1...4) }
        if random.chance(300) { self.attachesPerTurn = 1 }
        if random.chance(400) { self.highWater = random.int(1...6) }
        if random.chance(300) { self.pageMax = random.int(1...3) }
        if random.chance(300) { self.clientPage = random.int(1...3) }
        if random.chance(300) { self.syncConversations = 1 }
        if random.chance(400) { self.lostPushes = random.int(10...200) }
        if random.chance(300) { self.sentTwice = random.int(50...500) }
        if random.chance(250) { self.requestMilliseconds = random.int64(5...400) }
        self.heartbeatsFirst = random.chance(300)
    }

    private static func fault(devices: Int, _ random: inout SimRandom) -> SimFault {
        let device = random.below(devices)
        switch random.below(14) {
        case 0: return .append(.full)
        case 1: return .append(.unavailable)
        case 2: return .append(.unknownAndLost(closes: random.chance(500)))
        case 3, 4: return .append(.unknownButStored(closes: random.chance(500)))
        case 5: return .reads(random.int(1...3))
        case 6, 7: return .serverCrash(downFor: random.int64(0...2_500))
        case 8: return .clientCrash(device, downFor: random.int64(0...4_000))
        case 9, 10: return .cut(device, clientHears: random.chance(500), serverHears: random.chance(500))
        case 11, 12: return .stall(device, lasts: random.int64(50...6_000))
        default: return .slowDisk(random.int64(200...3_000))
        }
    }
}
