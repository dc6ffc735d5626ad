/// Where a server is: what a user types, taken apart. `http`, `https`, `ws` and `wss` are understood; none means `http`.
package struct ServerAddress: Sendable, Equatable, CustomStringConvertible {
    package var isSecure: Bool
    /// Without the brackets of an IPv6 address.
    package var host: String
    package var port: Int
    /// Begins with a slash where it is not empty, and does not end with one.
    package var path: String

    /// The longest address, in bytes.
    package static let longestBytes = 2_048

    /// Nil where the text is no address of a server.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.longestBytes, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        var rest = text[...]
        self.isSecure = false
        if let mark = text.range(of: "://") {
            switch text[..<mark.lowerBound].lowercased() {
            case "http", "ws": break
            case "https", "wss": self.isSecure = true
            default: return nil
            }
            rest = text[mark.upperBound...]
        }
        let end = rest.firstIndex(of: "/") ?? rest.endIndex
        var path = rest[end...]
        while path.hasSuffix("/") { path.removeLast() }
        guard !path.contains(where: { "?#".contains($0) }) else { return nil }
        self.path = String(path)
        guard let (host, port) = Self.split(rest[..<end]) else { return nil }
        self.host = host
        self.port = port ?? (self.isSecure ? 443 : 80)
    }

    private static func split(_ authority: Substring) -> (host: String, port: Int?)? {
        guard !authority.contains(where: { "@?#".contains($0) }) else { return nil }
        var host = authority
        var port: Int?
        let bracket = authority.lastIndex(of: "]")
        if let colon = authority.lastIndex(of: ":"), colon > bracket ?? authority.startIndex {
            guard let number = Int(authority[authority.index(after: colon)...]), (1...65_535).contains(number) else { return nil }
            port = number
            host = authority[..<colon]
        }
        if bracket != nil {
            guard host.hasPrefix("["), host.hasSuffix("]") else { return nil }
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        return host.isEmpty ? nil : (String(host), port)
    }

    /// As it stands in a `Host` header, and names the server among others.
    package var authority: String { (self.host.contains(":") ? "[\(self.host)]" : self.host) + ":\(self.port)" }
    package var description: String { (self.isSecure ? "https://" : "http://") + self.authority + self.path }

    /// Whether the host is a number: certificates name hosts, and TLS sends no name for a number.
    var isNumeric: Bool {
        self.host.contains(":") || self.host.allSatisfy { $0.isNumber || $0 == "." }
    }
}

extension String {
    fileprivate func range(of mark: StaticString) -> Range<Index>? {
        let wanted = mark.description
        var index = self.startIndex
        while index < self.endIndex {
            if self[index...].hasPrefix(wanted) { return index..<self.index(index, offsetBy: wanted.count) }
            index = self.index(after: index)
        }
        return nil
    }
}
