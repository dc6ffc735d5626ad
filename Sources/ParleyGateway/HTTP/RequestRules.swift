import Crypto
import HTTPTypes
import NIOCore
import NIOHTTP1
import ParleyWire

/// What a request head must keep to, beyond what the decoder checks, and what we read from it.
enum RequestRules {
    /// Which rule a head breaks, for a person; nil where none. Ambiguous message ends and hosts are refused (A13, A14).
    static func violation(of head: HTTPRequestHead) -> String? {
        let hosts = head.headers["Host"]
        guard hosts.count == 1 || (hosts.isEmpty && head.version != .http1_1) else { return "one Host header" }
        let lengths = head.headers["Content-Length"]
        guard lengths.count <= 1 else { return "one Content-Length" }
        let codings = head.headers["Transfer-Encoding"]
        if !codings.isEmpty {
            guard lengths.isEmpty else { return "Content-Length or Transfer-Encoding, not both" }
            guard codings.count == 1, codings.first?.lowercased() == "chunked", head.version == .http1_1 else {
                return "no Transfer-Encoding but chunked"
            }
        }
        if let length = lengths.first, length.isEmpty || !length.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            return "Content-Length in digits"
        }
        return nil
    }

    /// The path and query that a head asks for. Who takes us for a proxy sends the whole URL, which is as good (RFC 9112, 3.2.2)
    /// where it names the host that `Host` names: where the two differ, somebody on the way may have gone by the other (A14).
    /// Nil where that is so, and for every other form of a target.
    static func target(of head: HTTPRequestHead) -> String? {
        let uri = head.uri
        if uri.utf8.first == UInt8(ascii: "/") || uri == "*" && head.method == .OPTIONS { return uri }
        guard let scheme = ["http://", "https://"].first(where: { uri.prefix($0.count).lowercased() == $0 }) else { return nil }
        let rest = uri.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.isEmpty, authority.lowercased() == head.headers.first(name: "Host")?.lowercased() else { return nil }
        let path = rest.dropFirst(authority.count)
        return path.first == "/" ? String(path) : "/" + path
    }

    /// The head as Hummingbird takes it; nil where a name or the method cannot be said in it.
    static func converted(_ head: HTTPRequestHead) -> HTTPRequest? {
        guard let method = HTTPRequest.Method(head.method.rawValue) else { return nil }
        var fields = HTTPFields()
        fields.reserveCapacity(head.headers.count)
        for (name, value) in head.headers {
            guard let name = HTTPField.Name(name) else { return nil }
            if name.canonicalName == "host" { continue }
            fields.append(HTTPField(name: name, value: value))
        }
        return HTTPRequest(
            method: method, scheme: "http", authority: head.headers.first(name: "Host"), path: head.uri, headerFields: fields)
    }
}

/// The proof that a server understood the handshake (RFC 6455, 4.2.2).
enum AcceptKey {
    static func answer(to key: String) -> String {
        var hash = Insecure.SHA1()
        hash.update(data: Array(key.utf8))
        hash.update(data: Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8))
        var answer = ByteBuffer()
        answer.writeBase64(Array(hash.finalize()))
        return String(buffer: answer)
    }
}
