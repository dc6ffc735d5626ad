import Testing

@testable import ParleyClient

@Suite struct ServerAddressTests {
    @Test(arguments: [
        ("http://127.0.0.1:8480", "http://127.0.0.1:8480", "127.0.0.1:8480"),
        ("127.0.0.1:8480/", "http://127.0.0.1:8480", "127.0.0.1:8480"),
        ("https://chat.example.org", "https://chat.example.org:443", "chat.example.org:443"),
        ("wss://chat.example.org/parley/", "https://chat.example.org:443/parley", "chat.example.org:443"),
        ("ws://localhost:1", "http://localhost:1", "localhost:1"), ("http://[::1]:8480/", "http://[::1]:8480", "[::1]:8480"),
        ("http://[::1]", "http://[::1]:80", "[::1]:80"),
    ])
    func isTakenApart(_ text: String, _ whole: String, _ authority: String) throws {
        let address = try #require(ServerAddress(text))
        #expect(address.description == whole)
        #expect(address.authority == authority)
    }

    @Test(arguments: [
        "", "http://", "ftp://host", "http://host:0", "http://host:65536", "http://host:x", "http://us er@host",
        "http://user@host",
        "http://host/?token=1", "http://::1:8480", "http://[::1", "http://host/\u{1B}[2J", "http://h\u{F6}st",
        "http://" + String(repeating: "a", count: 3_000),
    ])
    func isRefused(_ text: String) { #expect(ServerAddress(text) == nil) }

    @Test func certificatesNameHostsAndNotNumbers() throws {
        #expect(try #require(ServerAddress("https://127.0.0.1:1")).isNumeric)
        #expect(try #require(ServerAddress("https://[::1]:1")).isNumeric)
        #expect(try !#require(ServerAddress("https://chat.example.org")).isNumeric)
    }
}
