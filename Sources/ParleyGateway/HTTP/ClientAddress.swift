package import NIOHTTP1

/// Which address a request comes from: the connection's peer, or what a trusted proxy says of it (A16).
package struct ClientAddress: Sendable {
    private let proxies: [AddressRange]

    /// - Parameter proxies: Whose X-Forwarded-For is believed. Of all others it is ignored.
    package init(proxies: [AddressRange] = []) { self.proxies = proxies }

    /// Whether the address is a proxy's.
    package func isProxy(_ address: IPAddress) -> Bool { self.proxies.contains { $0.contains(address) } }

    /// The client's address; the proxy's where it says something else than an address.
    package func of(peer: IPAddress, headers: HTTPHeaders) -> IPAddress {
        var address = peer
        // Each proxy adds, at the end, whom it was called by. From there back: the first that is not one of ours.
        var hops = headers[canonicalForm: "X-Forwarded-For"][...]
        while self.isProxy(address), let hop = hops.popLast(), let next = IPAddress(hop) { address = next }
        return address
    }
}
