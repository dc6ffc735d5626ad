/// The simulation's own generator: xoshiro256** seeded by SplitMix64 (Blackman and Vigna 2018). The same numbers everywhere, for ever.
struct SimRandom {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    init(seed: UInt64) {
        var mixer = seed
        func next() -> UInt64 {
            mixer &+= 0x9E37_79B9_7F4A_7C15
            return simMix(mixer)
        }
        self.state = (next(), next(), next(), next())
    }

    mutating func next() -> UInt64 {
        let product = self.state.1 &* 5
        let result = ((product << 7) | (product >> 57)) &* 9
        let shifted = self.state.1 << 17
        self.state.2 ^= self.state.0
        self.state.3 ^= self.state.1
        self.state.1 ^= self.state.2
        self.state.0 ^= self.state.3
        self.state.2 ^= shifted
        self.state.3 = (self.state.3 << 45) | (self.state.3 >> 19)
        return result
    }

    /// A number from 0 to `bound` - 1.
    mutating func below(_ bound: Int) -> Int { Int(truncatingIfNeeded: (self.next() >> 33) % UInt64(max(1, bound))) }

    mutating func int64(_ range: ClosedRange<Int64>) -> Int64 {
        range.lowerBound + Int64(self.below(Int(range.upperBound - range.lowerBound) + 1))
    }

    mutating func int(_ range: ClosedRange<Int>) -> Int { range.lowerBound + self.below(range.count) }

    /// True in `permille` of a thousand draws.
    mutating func chance(_ permille: Int) -> Bool { self.below(1_000) < permille }
}

/// The finalizer of SplitMix64.
@inline(__always)
func simMix(_ value: UInt64) -> UInt64 {
    var mixed = value
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
}
