/// How often values were at most each of a few bounds, and their sum. No allocation and no lock: it is a value of its owner.
package struct Histogram: Sendable {
    /// The most bounds that one may have.
    package static let boundsMax = 15

    /// Upper bounds, rising, in the unit of the values.
    package let bounds: [Int64]
    /// How many values were at most the bound of the same place and more than the one before; the place after the last bound
    /// counts what is larger.
    package private(set) var counts = InlineArray<16, Int64>(repeating: 0)
    package private(set) var sum: Int64 = 0

    /// The counts of all places that are in use.
    package var list: [Int64] { (0...self.bounds.count).map { self.counts[$0] } }

    /// How many values were counted.
    package var total: Int64 { self.list.reduce(0, +) }

    /// - Parameter bounds: at most `boundsMax`; more are left out.
    package init(bounds: [Int64]) { self.bounds = Array(bounds.prefix(Self.boundsMax)) }

    package mutating func count(_ value: Int64) {
        var place = 0
        while place < self.bounds.count, value > self.bounds[place] { place += 1 }
        self.counts[place] += 1
        self.sum &+= value
    }

    /// The same with what was counted elsewhere under the same bounds.
    package init(bounds: [Int64], counts: [Int64], sum: Int64) {
        self.init(bounds: bounds)
        for place in counts.indices.prefix(self.bounds.count + 1) { self.counts[place] = counts[place] }
        self.sum = sum
    }
}
