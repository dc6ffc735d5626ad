import Glibc

/// Which random lives the suites go through, as the environment says.
enum ModelSeeds {
    static func number(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }

    /// The one that this variable names; else the eight after `PARLEY_MODEL_BASE`, 1 to 8 unless set.
    static func seeds(_ name: String) -> [UInt64] {
        self.number(name).map { [$0] } ?? (1...8).map { (self.number("PARLEY_MODEL_BASE") ?? 0) &+ $0 }
    }
}
