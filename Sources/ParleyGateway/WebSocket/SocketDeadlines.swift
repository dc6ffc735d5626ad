/// Whether the kernel takes what we write. Times are milliseconds of a clock that never goes back.
package struct WriteProgress: Sendable, Equatable {
    /// Bytes that waited at the last look, and bytes written since then.
    private var waiting = 0
    private var writtenSince = 0
    private var stuckSince: Int64?

    package init() {}

    /// Whether a look can tell anything; a connection with nothing on its way need not be asked.
    package var needsLook: Bool { self.writtenSince > 0 || self.waiting > 0 }

    /// Whether bytes waited at the last look.
    package var isWaiting: Bool { self.waiting > 0 }

    package mutating func wrote(_ bytes: Int) { self.writtenSince = self.writtenSince &+ bytes }

    /// Looks at how many bytes wait now; how long none was taken while some waited, in milliseconds.
    package mutating func look(waiting now: Int, at time: Int64) -> Int64 {
        let taken = self.waiting &+ self.writtenSince &- now
        self.waiting = now
        self.writtenSince = 0
        guard now > 0 else {
            self.stuckSince = nil
            return 0
        }
        if taken > 0 || self.stuckSince == nil { self.stuckSince = time }
        return time &- (self.stuckSince ?? time)
    }
}

/// When a WebSocket connection is asked for a sign of life, and when it is cut. Events in, an action out; no clock inside.
///
/// Times are milliseconds of a clock that never goes back; they may be as coarse as the sweep, one second.
package struct SocketDeadlines: Sendable, Equatable {
    package struct Settings: Sendable, Equatable {
        /// A ping goes out when this long nothing came (R78). The connection is cut after twice that.
        package var heartbeat: Int64
        /// A message begun must end within this (A12).
        package var message: Int64
        /// The kernel must take a byte within this, while some wait (A44).
        package var write: Int64
        /// From our close frame, or from the end of what we say, to the end of the connection.
        package var closing: Int64

        /// All in milliseconds. `closing` is less than the 5 s that are promised by one sweep.
        package init(heartbeat: Int64 = 30_000, message: Int64 = 30_000, write: Int64 = 30_000, closing: Int64 = 4_000) {
            self.heartbeat = heartbeat
            self.message = message
            self.write = write
            self.closing = closing
        }
    }

    /// Why a connection was cut without a close handshake.
    package enum Cause: String, Sendable, CaseIterable {
        case silent
        case messageTooSlow = "message_too_slow"
        case readerTooSlow = "reader_too_slow"
        case closeUnanswered = "close_unanswered"
    }

    package enum Action: Sendable, Equatable {
        case wait
        case ping
        /// Close at once.
        case cut(Cause)
    }

    package private(set) var progress = WriteProgress()
    private var heardAt: Int64
    private var askedAt: Int64
    private var messageSince: Int64?
    private var closingSince: Int64?

    package init(at now: Int64) {
        self.heardAt = now
        self.askedAt = now
    }

    /// Bytes came; `isMidMessage` says whether they left a message begun and not ended.
    package mutating func heard(at now: Int64, isMidMessage: Bool, endedMessage: Bool) {
        self.heardAt = now
        if !isMidMessage {
            self.messageSince = nil
        } else if endedMessage || self.messageSince == nil {
            self.messageSince = now
        }
    }

    package mutating func wrote(_ bytes: Int) { self.progress.wrote(bytes) }

    /// We sent a close frame or ended our direction; only the first call counts.
    package mutating func closing(at now: Int64) {
        if self.closingSince == nil { self.closingSince = now }
    }

    /// Whether `sweep` wants the number of waiting bytes; otherwise 0 will do.
    package var needsWaitingBytes: Bool { self.progress.needsLook }

    /// Looks at the clock. `isPaused`: we do not read, so silence and slow messages are our own doing.
    package mutating func sweep(at now: Int64, waiting: Int, isPaused: Bool, settings: Settings) -> Action {
        let stuck = self.progress.needsLook ? self.progress.look(waiting: waiting, at: now) : 0
        if let closingSince {
            return now &- closingSince >= settings.closing ? .cut(.closeUnanswered) : .wait
        }
        if stuck >= settings.write { return .cut(.readerTooSlow) }
        guard !isPaused else {
            self.heardAt = now
            if self.messageSince != nil { self.messageSince = now }
            return .wait
        }
        if let messageSince, now &- messageSince >= settings.message { return .cut(.messageTooSlow) }
        let silent = now &- self.heardAt
        if silent >= 2 &* settings.heartbeat { return .cut(.silent) }
        guard silent >= settings.heartbeat, now &- self.askedAt >= settings.heartbeat else { return .wait }
        self.askedAt = now
        return .ping
    }
}
