package import NIOCore

/// What the shard has counted since the start. Only its thread counts; it publishes a copy once a turn.
package struct ShardCounts: Sendable {
    /// Entries that became durable, and those of them that are messages.
    package var entries = 0
    package var messages = 0
    /// Commands answered with what the same client id stored before.
    package var duplicates = 0
    /// Batches that were not stored.
    package var failures = 0
    /// Read positions written.
    package var positions = 0
    /// Entries of a commit.
    package var rows = Histogram(bounds: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048])
    /// How long a commit took, in microseconds.
    package var commits = Histogram(
        bounds: [250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000])
    /// What the shard has taken and not yet decided.
    package var waiting = 0

    package init() {}
}

/// What became of the notices that wake users.
package struct PushCounts: Sendable {
    /// Handed to the hook.
    package var notices = 0
    /// Passes over a conversation's members that could not be read.
    package var failures = 0

    package init() {}
}

/// All that the engine has counted, summed over its event loops.
package struct EngineCounts: Sendable {
    package var loops = LoopCounts()
    package var shard = ShardCounts()
    package var push = PushCounts()
    /// What event loops handed over and the shard has not taken yet.
    package var mailbox = 0
    package var waitingReads = 0

    package init() {}
}

extension Engine {
    /// Asks each loop for its numbers; complete when the last has answered.
    package func counts() -> EventLoopFuture<EngineCounts> {
        let parts = self.outbox.indices.map { index in
            let promise = self.nextLoop().makePromise(of: LoopCounts.self)
            self.outbox.onLoop(index) { promise.succeed($0.counts) }
            return promise.futureResult
        }
        let loops = EventLoopFuture.reduce(into: LoopCounts(), parts, on: self.nextLoop()) { $0.add($1) }
        return loops.map { loops in
            var counts = EngineCounts()
            counts.loops = loops
            counts.shard = self.shard.counts
            counts.mailbox = self.shard.waiting
            counts.waitingReads = self.readers.waiting
            if let planner = self.planner { counts.push = planner.counts }
            return counts
        }
    }
}
