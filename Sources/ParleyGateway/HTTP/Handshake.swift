import NIOCore
package import NIOHTTP1
package import ParleyDomain
package import ParleyWire

/// Decides what a request head asks for: a WebSocket, something that we refuse, or plain HTTP (RFC 6455, 4.2; A1, A13).
package struct Handshake: Sendable {
    /// An upgrade that we agree to.
    package struct Agreement: Sendable, Equatable {
        /// The client's Sec-WebSocket-Key.
        package var key: String
        package var subprotocol: Subprotocol
        /// Whether the client offered subprotocols, so that the answer names one.
        package var namesSubprotocol: Bool
    }

    package enum Decision: Sendable, Equatable {
        case plain
        case upgrade(Agreement)
        /// Answer with this error and these headers besides, then close.
        case refuse(Refusal, [String])
    }

    /// The path that upgrades; empty where none does.
    package var path: String
    /// Subprotocols that we speak, the one for clients that offer none first.
    package var subprotocols: [Subprotocol]
    package var origins: OriginPolicy

    package init(
        path: String = "/v1/ws", subprotocols: [Subprotocol] = Subprotocol.allCases, origins: OriginPolicy = OriginPolicy()
    ) {
        self.path = path
        self.subprotocols = subprotocols
        self.origins = origins
    }

    /// Headers of a refusal for which version of WebSocket we speak.
    private static let versionHeaders = ["Upgrade: websocket", "Sec-WebSocket-Version: 13"]

    package func decide(_ head: HTTPRequestHead) -> Decision {
        let isOurPath = head.uri.utf8.prefix { $0 != UInt8(ascii: "?") }.elementsEqual(self.path.utf8)
        let wantsWebSocket = Self.has("websocket", in: head.headers[canonicalForm: "upgrade"])
        guard isOurPath else {
            return wantsWebSocket ? .refuse(Refusal(.notFound, rule: "no WebSocket here"), []) : .plain
        }
        guard head.method == .GET else { return .refuse(Refusal(.methodNotAllowed), ["Allow: GET"]) }
        guard wantsWebSocket else { return .refuse(Refusal(.upgradeRequired), Self.versionHeaders) }
        guard head.version == .http1_1 else { return Self.bad("an upgrade takes HTTP/1.1") }
        guard Self.has("upgrade", in: head.headers[canonicalForm: "connection"]) else { return Self.bad("Connection: Upgrade") }
        guard !Self.hasBody(head) else { return Self.bad("an upgrade has no body") }
        return self.decideUpgrade(head)
    }

    private func decideUpgrade(_ head: HTTPRequestHead) -> Decision {
        let versions = head.headers["Sec-WebSocket-Version"]
        guard versions.count == 1, versions.first == "13" else {
            return .refuse(Refusal(.upgradeRequired), Self.versionHeaders)
        }
        let keys = head.headers["Sec-WebSocket-Key"]
        guard keys.count == 1, let key = keys.first, Self.isKey(key) else { return Self.bad("one valid Sec-WebSocket-Key") }
        let origins = head.headers["Origin"]
        guard origins.count <= 1, self.origins.allows(origin: origins.first, host: head.headers.first(name: "Host")) else {
            return .refuse(Refusal(.originNotAllowed), [])
        }
        let offers = head.headers[canonicalForm: "Sec-WebSocket-Protocol"]
        let named = offers.lazy.compactMap { Subprotocol(rawValue: String($0)) }.first { self.subprotocols.contains($0) }
        guard let chosen = named ?? (offers.isEmpty ? self.subprotocols.first : nil) else {
            return Self.bad("no subprotocol that is known here")
        }
        return .upgrade(Agreement(key: key, subprotocol: chosen, namesSubprotocol: named != nil))
    }

    private static func bad(_ rule: String) -> Decision { .refuse(Refusal(.badRequest, rule: rule), []) }

    private static func has(_ token: String, in values: [Substring]) -> Bool {
        values.contains { $0.lowercased() == token }
    }

    private static func hasBody(_ head: HTTPRequestHead) -> Bool {
        if head.headers.contains(name: "Transfer-Encoding") { return true }
        return head.headers["Content-Length"].contains { $0 != "0" }
    }

    /// Whether this is sixteen bytes in base64: 22 characters, of which the last carries four bits, and two `=`.
    private static func isKey(_ key: String) -> Bool {
        let bytes = Array(key.utf8)
        guard bytes.count == 24, bytes.suffix(2).elementsEqual("==".utf8) else { return false }
        return bytes.prefix(22).allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                true
            default: false
            }
        }
    }
}
