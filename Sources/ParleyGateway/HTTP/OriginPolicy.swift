/// Which pages may open a socket: the answer to cross-site WebSocket hijacking (A1).
///
/// An Origin header is compared byte by byte with a list and, unless switched off, with the request's own Host. Browsers
/// write origins in lower case and leave default ports out, so anything else is somebody's attempt and is refused.
/// `null` never matches. A request without an Origin comes from a program, not from a page, and is allowed: it brings its
/// own credentials, and there are no cookies here that it could borrow.
package struct OriginPolicy: Sendable, Equatable {
    /// Origins as browsers write them, such as `https://chat.example.com` or `http://localhost:5173`.
    package var allowed: Set<String>
    /// Whether pages served under the request's own Host may connect.
    package var allowsSameHost: Bool

    package init(allowed: Set<String> = [], allowsSameHost: Bool = true) {
        self.allowed = allowed
        self.allowsSameHost = allowsSameHost
    }

    /// Whether a page of `origin` (the header's value; nil where there is none) may connect to `host` (the Host header).
    package func allows(origin: String?, host: String?) -> Bool {
        guard let origin else { return true }
        guard let authority = Self.authority(of: origin) else { return false }
        if self.allowed.contains(origin) { return true }
        guard self.allowsSameHost, let host, !host.isEmpty else { return false }
        if authority == host { return true }
        // A Host that spells out its scheme's default port, which browsers leave out of an Origin.
        return host == authority + (origin.hasPrefix("https:") ? ":443" : ":80")
    }

    /// Whether a browser can send this origin: one in another form, `*` among them, would stand in the list and let nobody in.
    package static func isOrigin(_ text: String) -> Bool {
        guard let authority = self.authority(of: text) else { return false }
        // An IPv6 address stands in brackets and has colons of its own.
        let colon = authority[(authority.lastIndex(of: "]") ?? authority.startIndex)...].lastIndex(of: ":")
        let host = authority[..<(colon ?? authority.endIndex)]
        let isHost =
            host.first == "["
            ? IPAddress(host.dropFirst().dropLast()) != nil : !host.isEmpty && !host.contains(where: ":[]".contains)
        guard isHost else { return false }
        guard let colon else { return true }
        let port = authority[authority.index(after: colon)...]
        guard let number = UInt16(port), String(number) == port else { return false }
        return number != (text.hasPrefix("https:") ? 443 : 80)
    }

    /// What stands after the scheme of an origin in the form that browsers send; nil for every other form.
    private static func authority(of origin: String) -> String? {
        for scheme in ["https://", "http://"] where origin.hasPrefix(scheme) {
            let authority = origin.dropFirst(scheme.count)
            let isPlain = authority.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "["),
                    UInt8(ascii: "]"):
                    true
                default: false
                }
            }
            return isPlain && !authority.isEmpty ? String(authority) : nil
        }
        return nil
    }
}
