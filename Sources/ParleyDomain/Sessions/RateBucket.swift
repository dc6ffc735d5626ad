/// A token bucket: how often one connection may ask. Time is a parameter.
package struct RateBucket: Sendable {
    /// Tokens that come back each second; 0 switches the limit off.
    package let perSecond: Int64
    /// How many can be spent at once.
    package let burst: Int64
    /// Thousandths of a token.
    private var level: Int64
    private var last: Int64

    /// - Parameter now: In milliseconds, of a clock that does not go back.
    package init(perSecond: Int64, burst: Int64, at now: Int64) {
        self.perSecond = perSecond
        self.burst = burst
        self.level = burst * 1_000
        self.last = now
    }

    /// Whether all tokens have come back: a new bucket would be the same.
    package func isFull(at now: Int64) -> Bool {
        self.level + min(max(0, now - self.last), 3_600_000) * self.perSecond >= self.burst * 1_000
    }

    /// Takes a token; nil if there was one, else how long to wait for the next, in milliseconds.
    package mutating func take(at now: Int64) -> Int64? {
        guard self.perSecond > 0 else { return nil }
        let elapsed = min(max(0, now - self.last), 3_600_000)
        self.last = now
        self.level = min(self.burst * 1_000, self.level + elapsed * self.perSecond)
        guard self.level < 1_000 else {
            self.level -= 1_000
            return nil
        }
        return (1_000 - self.level + self.perSecond - 1) / self.perSecond
    }
}
