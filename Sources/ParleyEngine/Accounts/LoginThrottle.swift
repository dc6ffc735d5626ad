import Glibc
import ParleyDomain

/// Buckets of tries, by log-in name and by address (A30).
///
/// A try is taken before the password is looked at, so that many at once cannot pass together, and given back when it was
/// right. What a bucket says does not depend on whether the name exists.
struct LoginThrottle: Sendable {
    typealias Rate = AccountSettings.Rate

    enum Key: Hashable, Sendable {
        case name(String)
        case address(String)
        case registration(String)
    }

    private let capacity: Int
    /// When the bucket will be full again, in milliseconds since 1970: all that a bucket needs to know.
    private var fullAt: [Key: Int64] = [:]

    init(capacity: Int) { self.capacity = max(8, capacity) }

    var count: Int { self.fullAt.count }

    /// Takes one try from each bucket, or none.
    /// - Returns: how long to wait, in milliseconds; nil where the try may go on.
    mutating func take(_ buckets: [(Key, Rate)], at now: Int64) -> Int? {
        var wait: Int64 = 0
        for (key, rate) in buckets {
            let fullAt = self.fullAt[key].map { self.clamped($0, rate: rate, at: now) } ?? now
            let used = fullAt - now
            wait = max(wait, used + rate.interval - Int64(rate.burst) * rate.interval)
        }
        guard wait <= 0 else { return Int(wait) }
        for (key, rate) in buckets {
            let fullAt = self.fullAt[key].map { self.clamped($0, rate: rate, at: now) } ?? now
            if self.fullAt.count >= self.capacity, self.fullAt[key] == nil { self.makeRoom(at: now) }
            self.fullAt[key] = fullAt + rate.interval
        }
        return nil
    }

    /// Gives the try back: the password was right, or was never looked at.
    mutating func giveBack(_ buckets: [(Key, Rate)], at now: Int64) {
        for (key, rate) in buckets {
            guard let fullAt = self.fullAt[key] else { continue }
            self.fullAt[key] = fullAt - rate.interval > now ? fullAt - rate.interval : nil
        }
    }

    /// A clock that was set back must not lock anyone out for longer than an empty bucket does.
    private func clamped(_ fullAt: Int64, rate: Rate, at now: Int64) -> Int64 {
        min(max(fullAt, now), now + Int64(rate.burst) * rate.interval)
    }

    /// Drops the buckets that are full again; where that is not enough, the fullest, down to seven eighths.
    private mutating func makeRoom(at now: Int64) {
        self.fullAt = self.fullAt.filter { $0.value > now }
        let room = self.capacity - self.capacity / 8
        guard self.fullAt.count > room else { return }
        for (key, _) in self.fullAt.sorted(by: { $0.value < $1.value }).prefix(self.fullAt.count - room) {
            self.fullAt[key] = nil
        }
    }

    /// What one client has for himself: an IPv4 address, or the 64-bit network of an IPv6 one.
    static func network(of address: String) -> String {
        var bytes = [UInt8](repeating: 0, count: 16)
        let plain = String(address.prefix { $0 != "%" })
        guard inet_pton(AF_INET6, plain, &bytes) == 1 else { return address }
        let mapped = bytes.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        if mapped { return bytes.suffix(4).map { String($0) }.joined(separator: ".") }
        let groups = stride(from: 0, to: 8, by: 2).map { String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16) }
        return groups.joined(separator: ":") + "/64"
    }
}
