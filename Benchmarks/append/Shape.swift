import Glibc

/// The shape of the load: 500 conversations of two users each, 300 bytes of content, senders and conversations by turns.
enum Shape {
    static let conversations = 500
    static let contentBytes = 300
    static let start: Int64 = 1_760_000_000_000

    static func user(_ conversation: Int, _ side: Int) -> String { "user-\(conversation)-\(side)" }
    static func conversation(_ index: Int) -> String { "conversation-\(index)" }

    /// As long and as random as the ids that clients make.
    static func clientID(_ row: Int) -> String {
        var mixed = UInt64(truncatingIfNeeded: row) &* 0x9E37_79B9_7F4A_7C15
        mixed ^= mixed >> 29
        let digits = String(mixed &* 0xBF58_476D_1CE4_E5B9, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits + "-" + String(row)
    }

    static let content: [UInt8] = {
        let body = #"{"type":"text","text":""#
        return Array((body + String(repeating: "a", count: Self.contentBytes - body.utf8.count - 2) + "\"}").utf8)
    }()
}

struct BenchError: Error {
    var text: String
}

/// Monotonic time in seconds.
func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Runs the body in a fresh folder, removed after.
func inFolder(_ parent: String, _ body: (String) throws -> Double) throws -> Double {
    let path = parent + "/parley-bench-\(getpid())"
    guard mkdir(path, 0o700) == 0 else { throw BenchError(text: "cannot make \(path)") }
    defer {
        for name in ["parley.sqlite", "parley.sqlite-wal", "parley.sqlite-shm", "parley.lock"] { unlink(path + "/" + name) }
        rmdir(path)
    }
    return try body(path)
}
