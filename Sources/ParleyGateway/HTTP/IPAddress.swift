package import NIOCore

/// An address of the internet. One that came in IPv6's clothes (`::ffff:192.0.2.1`, as a socket on `::` shows it) is the IPv4 address
/// that it is, so that one client has one address, and an address in a list is found however the socket shows it.
package struct IPAddress: Hashable, Sendable {
    /// The 128 bits of IPv6 in two halves; an IPv4 address is one of `::ffff:0:0/96`.
    let high: UInt64
    let low: UInt64

    /// Nil for an address of another kind, such as a Unix socket's.
    package init?(_ address: SocketAddress) {
        // Read by offset: the address begins at byte 4 of a `sockaddr_in` and at byte 8 of a `sockaddr_in6`.
        let bytes = address.withSockAddr { pointer, size in Array(UnsafeRawBufferPointer(start: pointer, count: size)) }
        func number(_ range: Range<Int>) -> UInt64 { bytes[range].reduce(0) { $0 << 8 | UInt64($1) } }
        switch address {
        case .v4:
            guard bytes.count >= 8 else { return nil }
            (self.high, self.low) = (0, 0xFFFF << 32 | number(4..<8))
        case .v6:
            guard bytes.count >= 24 else { return nil }
            (self.high, self.low) = (number(8..<16), number(16..<24))
        case .unixDomainSocket: return nil
        }
    }

    /// From `192.0.2.1` or `2001:db8::1`, without port or brackets; nil where it is neither.
    package init?(_ text: some StringProtocol) {
        guard let address = try? SocketAddress(ipAddress: String(text), port: 0) else { return nil }
        self.init(address)
    }

    var isV4: Bool { self.high == 0 && self.low >> 32 == 0xFFFF }

    /// As texts show it: one for each address.
    package var text: String {
        var bytes = ByteBuffer()
        if self.isV4 {
            bytes.writeInteger(UInt32(truncatingIfNeeded: self.low))
        } else {
            bytes.writeMultipleIntegers(self.high, self.low)
        }
        return (try? SocketAddress(packedIPAddress: bytes, port: 0))?.ipAddress ?? ""
    }
}

/// An address, or all that begin with the same bits (CIDR: RFC 4632, RFC 4291).
package struct AddressRange: Sendable, Equatable {
    private let first: IPAddress
    private let highMask: UInt64
    private let lowMask: UInt64

    /// From `10.0.0.1`, `10.0.0.0/8`, `2001:db8::/32`. Nil for everything else, a name among it: who has it can change.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let start = parts.first, let first = IPAddress(start) else { return nil }
        // How many of the 128 bits count.
        var length = 128
        if parts.count == 2, let digits = parts.last {
            let own = start.contains(":") ? 128 : 32
            guard let number = Int(digits), String(number) == digits, (0...own).contains(number) else { return nil }
            length = 128 - own + number
        }
        self.first = first
        // A shift by all 64 bits leaves none.
        self.highMask = ~(.max >> UInt64(min(length, 64)))
        self.lowMask = ~(.max >> UInt64(max(length - 64, 0)))
    }

    package func contains(_ address: IPAddress) -> Bool {
        (address.high ^ self.first.high) & self.highMask == 0 && (address.low ^ self.first.low) & self.lowMask == 0
    }
}
