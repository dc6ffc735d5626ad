import ParleyDomain

/// What an operator can set about the engine. All times in milliseconds.
package struct EngineSettings: Sendable {
    /// How often a connection gets a heartbeat (R78).
    package var heartbeatMilliseconds: Int64 = 30_000
    /// How long a connection may stay without `auth`, from when its upgrade was answered (A3).
    package var authMilliseconds: Int64 = 5_000
    /// How long a log-in may take, from `auth` to `ready`.
    package var entryMilliseconds: Int64 = 30_000
    /// Frames a second that one connection may send for long; 0 for no limit (R114).
    package var framesPerSecond: Int64 = 100
    /// Frames that one connection may send at once.
    package var frameBurst: Int64 = 400
    /// Requests of one connection that may wait for an answer.
    package var requestsInFlight: Int64 = 64
    /// How often positions are written (they are gathered in between).
    package var positionsMilliseconds: Int64 = 1_000
    /// Threads that answer history and sync from the store.
    package var readerThreads = 2
    /// Reads that may wait for those threads.
    package var waitingReads = 8_192
    /// Connections that one loop pushes to before it looks at its sockets again (R25, R28).
    package var connectionsPerTurn = 256
    /// Connections that one loop writes answers to before it looks at its sockets again. They go before everything else.
    package var answersPerTurn = 256
    /// How long one loop writes before it looks at its sockets again, whatever the counts say: a write takes 1 µs or 20.
    package var turnMicroseconds: Int64 = 500
    /// Members of a conversation on one loop beyond which it is served in lanes, behind smaller ones (R25).
    package var laneSeats = 256
    /// Connections of one large conversation that are written to before another has its turn.
    package var laneFrames = 64
    /// Bytes of entries that one loop keeps for members of a large conversation whose turn has not come; members who lack what
    /// is not kept pull it. One publication is kept whatever its size.
    package var pendingBytesPerRoom = 1 << 20
    /// How often a connection hears of the heads of conversations that it does not want to be pushed (R36); looked at once a second.
    package var headsMilliseconds: Int64 = 1_000
    /// Connections that become live in one turn of the shard: what a loop does for them then, it does in one go.
    package var attachesPerTurn = 16

    /// Questions about receipts answered in one turn of the shard.
    package var questionsPerTurn = 64
    /// Member rows that one turn of the shard reads to answer them.
    package var receiptRowsPerTurn = 2_048
    /// How long it is kept who has read, after which only the counts are; 0 for ever (R52).
    package var receiptRetentionMilliseconds: Int64 = 0
    /// Messages whose receipts are frozen in one go, once a minute.
    package var freezesPerTurn = 4_096
    /// How often members who are not connected are woken for a conversation, in milliseconds.
    package var wakeMilliseconds: Int64 = 2_000
    /// Members looked at in one read when they are woken.
    package var wakesPerPage = 256
    /// Longest `content` of the compatibility profile, in Unicode scalar values (R107).
    package var compatContentCharacters = Limits.compatContentCharacters
    /// Whether a frame that breaks a rule of the profile ends its connection (R108).
    package var compatClosesOnInvalid = false
    /// The key of invite links, 32 bytes.
    package var linkSecret: [UInt8] = []

    package init() {}
}

/// Where the engine takes time and randomness from, so that a test can wind them by hand.
package struct EngineClock: Sendable {
    /// The wall clock, in milliseconds since 1970: stamped on entries, never used for order.
    package var wall: @Sendable () -> Int64
    /// A clock that does not go back, in milliseconds: for deadlines.
    package var steady: @Sendable () -> Int64
    /// A clock that does not go back, in nanoseconds: for how long a turn has taken.
    package var fine: @Sendable () -> Int64

    package init(
        wall: @escaping @Sendable () -> Int64, steady: @escaping @Sendable () -> Int64, fine: @escaping @Sendable () -> Int64
    ) {
        self.wall = wall
        self.steady = steady
        self.fine = fine
    }
}
