import NIOCore
import NIOPosix
import ParleyEngine
import Synchronization

/// How long the turns of the event loops took: a turn that is long is what everybody on the loop waits for (R25).
///
/// Counted twice: by the clock on the wall, which is what is waited for; and by the processor time that the loop's thread has used since the
/// turn before, which is what the turn itself is to blame for. NIO's clock starts when the sockets that were ready have been read, so
/// reading is in the second number only.
final class LoopTicks: NIOEventLoopMetricsDelegate {
    /// Upper bounds of the counts, in microseconds; one more counts what is longer.
    private static let bounds: [Int64] = [250, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 250_000]

    /// All in microseconds.
    struct Counts: Sendable {
        /// By the clock on the wall.
        var turns = Histogram(bounds: LoopTicks.bounds)
        var longest: Int64 = 0
        /// By processor time.
        var work = Histogram(bounds: LoopTicks.bounds)
        var longestWork: Int64 = 0
        /// What each loop's thread had used when its last turn ended.
        fileprivate var used: [ObjectIdentifier: Int64] = [:]
    }

    private let state = Mutex(Counts())

    var counts: Counts { self.state.withLock { $0 } }

    /// Called by each loop on its thread.
    func processedTick(info: NIOEventLoopTickInfo) {
        let turn = (info.endTime - info.startTime).nanoseconds / 1_000
        let used = threadMicroseconds()
        self.state.withLock { counts in
            counts.turns.count(turn)
            counts.longest = max(counts.longest, turn)
            guard let before = counts.used.updateValue(used, forKey: info.eventLoopID) else { return }
            counts.work.count(used - before)
            counts.longestWork = max(counts.longestWork, used - before)
        }
    }
}
