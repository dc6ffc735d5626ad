import NIOCore
import NIOHTTP1
import Testing

@testable import ParleyGateway

@Suite struct ClientAddressTests {
    private func client(_ hops: [String], of peer: String = "192.0.2.7", proxies: [String] = ["192.0.2.7"]) throws -> String {
        let ranges = try proxies.map { try #require(AddressRange($0)) }
        let headers = HTTPHeaders(hops.map { ("X-Forwarded-For", $0) })
        // As a socket has it, which is what a connection hands in.
        let peer = try #require(IPAddress(try SocketAddress(ipAddress: peer, port: 1)))
        return ClientAddress(proxies: ranges).of(peer: peer, headers: headers).text
    }

    @Test(arguments: [
        ([], "192.0.2.7"), (["nonsense"], "192.0.2.7"), (["203.0.113.9, nonsense"], "192.0.2.7"),
        (["203.0.113.9:80"], "192.0.2.7"),
        (["203.0.113.9"], "203.0.113.9"), (["1.1.1.1,203.0.113.9 "], "203.0.113.9"), (["1.1.1.1", "203.0.113.9"], "203.0.113.9"),
        (["::ffff:203.0.113.9"], "203.0.113.9"), (["2001:DB8:0::1"], "2001:db8::1"), (["203.0.113.9, 192.0.2.7"], "203.0.113.9"),
    ])
    func aProxyIsBelieved(hops: [String], address: String) throws {
        #expect(try self.client(hops) == address)
        // A socket on `::` shows an IPv4 peer in IPv6's clothes; and a list may have it so.
        #expect(try self.client(hops, of: "::ffff:192.0.2.7") == address)
        #expect(try self.client(hops, proxies: ["::ffff:192.0.2.7"]) == address)
        #expect(
            try self.client(hops, proxies: ["192.0.2.0/24"]) == (hops == ["203.0.113.9, 192.0.2.7"] ? "203.0.113.9" : address))
        #expect(try self.client(hops, proxies: []) == "192.0.2.7")
        #expect(try self.client(hops, of: "::ffff:192.0.2.7", proxies: ["192.0.2.8"]) == "192.0.2.7")
    }

    @Test func severalProxiesAreSeenThrough() throws {
        let hops = ["1.2.3.4, 203.0.113.9", "198.51.100.2, 10.0.0.5"]
        #expect(try self.client(hops) == "10.0.0.5")
        #expect(try self.client(hops, proxies: ["192.0.2.7", "10.0.0.0/8"]) == "198.51.100.2")
        #expect(try self.client(hops, proxies: ["192.0.2.7", "10.0.0.0/8", "198.51.100.2"]) == "203.0.113.9")
        #expect(try self.client(["2001:db8::9"], of: "fd00::1", proxies: ["fd00::/8"]) == "2001:db8::9")
    }

    @Test func aRangeHasTheAddressesThatBeginAlike() throws {
        func has(_ range: String, _ address: String) throws -> Bool {
            try #require(AddressRange(range)).contains(try #require(IPAddress(address)))
        }
        #expect(try has("10.0.0.0/8", "10.255.255.255") && !has("10.0.0.0/8", "11.0.0.0"))
        #expect(try has("192.0.2.128/25", "192.0.2.129") && !has("192.0.2.128/25", "192.0.2.127"))
        #expect(try has("10.1.2.3/8", "10.9.9.9") && has("10.0.0.1/32", "10.0.0.1") && !has("10.0.0.1/32", "10.0.0.2"))
        #expect(try has("0.0.0.0/0", "203.0.113.9") && !has("0.0.0.0/0", "2001:db8::1") && has("::/0", "2001:db8::1"))
        #expect(try has("2001:db8::/33", "2001:db8:7fff::1") && !has("2001:db8::/33", "2001:db8:8000::1"))
        #expect(try has("::ffff:10.0.0.0/104", "10.1.1.1"))
    }

    @Test(arguments: [
        "", "foo", "localhost", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8/8", "10.0.0/8", "2001:db8::/129", "/8",
        "[::1]",
        "127.0.0.1:80", " 127.0.0.1", "10.0.0.0/+8", "*",
    ])
    func whatIsNoAddressIsNoRange(text: String) {
        #expect(AddressRange(text) == nil)
    }

    @Test func clientsOfOneAddressAreCountedTogether() throws {
        func key(_ text: String) throws -> AddressKey { AddressKey(try #require(IPAddress(text))) }
        #expect(try key("::ffff:192.0.2.7") == key("192.0.2.7") && key("192.0.2.7") != key("192.0.2.8"))
        #expect(try key("2001:db8:0:1::1") == key("2001:db8:0:1:ffff::2") && key("2001:db8:0:1::1") != key("2001:db8:0:2::1"))
    }
}
