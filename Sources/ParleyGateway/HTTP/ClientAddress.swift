package import HTTPTypes
package import NIOCore

/// Which address a request comes from: the channel's peer, or what a trusted proxy says of it (A16).
package struct ClientAddress: Sendable {
    private let trusted: Set<String>

    /// - Parameter trustedProxies: addresses of proxies whose X-Forwarded-For is believed. Of all others it is ignored.
    package init(trustedProxies: [String] = []) {
        self.trusted = Set(trustedProxies.map(Self.canonical))
    }

    /// The address as text, without port; empty for a peer that has none (a Unix socket).
    package func of(peer: SocketAddress?, headers: HTTPFields) -> String {
        guard var address = peer?.ipAddress.map(Self.canonical) else { return "" }
        guard let name = HTTPField.Name("X-Forwarded-For") else { return address }
        // Each proxy adds, at the end, whom it was called by. From there back: the first that is not one of ours.
        var hops = headers[values: name].flatMap { $0.split(separator: ",") }[...]
        while self.trusted.contains(address), let hop = hops.popLast() {
            let text = hop.drop { $0 == " " }.prefix { $0 != " " }
            guard let parsed = try? SocketAddress(ipAddress: String(text), port: 0), let next = parsed.ipAddress else { break }
            address = Self.canonical(next)
        }
        return address
    }

    /// One text for one address: an IPv4 address that came through an IPv6 socket is an IPv4 address.
    private static func canonical(_ text: String) -> String {
        let plain = (try? SocketAddress(ipAddress: text, port: 0))?.ipAddress ?? text
        let mapped = "::ffff:"
        return plain.hasPrefix(mapped) && plain.contains(".") ? String(plain.dropFirst(mapped.count)) : plain
    }
}
