import NIOCore
import NIOPosix
import ParleyEngine
import Synchronization

/// How long the turns of the event loops took: a turn that is long is what everybody on the loop waits for (R25).
final class LoopTicks: NIOEventLoopMetricsDelegate {
    /// Upper bounds of the counts, in microseconds; one more counts what is longer.
    static let bounds: [Int64] = [250, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 250_000]

    private let counts: [Counter] = (0...LoopTicks.bounds.count).map { _ in Counter() }
    private let sum = Atomic<Int64>(0)
    private let longest = Atomic<Int64>(0)

    /// An atomic in an array must have a place of its own.
    private final class Counter: Sendable {
        let value = Atomic<Int64>(0)
    }

    /// In microseconds.
    var turns: Histogram {
        Histogram(
            bounds: Self.bounds, counts: self.counts.map { $0.value.load(ordering: .relaxed) },
            sum: self.sum.load(ordering: .relaxed))
    }
    /// In microseconds.
    var longestMicroseconds: Int64 { self.longest.load(ordering: .relaxed) }

    func processedTick(info: NIOEventLoopTickInfo) {
        let microseconds = (info.endTime - info.startTime).nanoseconds / 1_000
        let place = Self.bounds.firstIndex { microseconds <= $0 } ?? Self.bounds.count
        self.counts[place].value.wrappingAdd(1, ordering: .relaxed)
        self.sum.wrappingAdd(microseconds, ordering: .relaxed)
        self.longest.max(microseconds, ordering: .relaxed)
    }
}
