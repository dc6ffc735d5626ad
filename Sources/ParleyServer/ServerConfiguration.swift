import NIOCore
import ParleyDomain
package import ParleyEngine
import ParleyGateway

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Everything that can be told to a server at start. The defaults are safe on a machine that others reach.
package struct ServerConfiguration: Sendable {
    /// The data folder: made if it is missing, held by a lock while the server runs.
    package var data: String
    package var listen = ListenAddress(host: "127.0.0.1", port: 8480)
    /// The folder of the web client; nil serves none.
    package var web: String?
    /// Origins besides the server's own whose pages may open sockets; see `allow`.
    private(set) var allowedOrigins: Set<String> = []
    /// Proxies whose `X-Forwarded-For` is believed; see `trust`.
    private(set) var trustedProxies: [AddressRange] = []
    /// Whether strangers may register.
    package var registration = true
    /// Switches off the limits on how often clients may ask, and nothing else: for benches.
    package var rateLimits = true
    /// Event loops; nil takes one per core but one, which the thread that writes needs (docs/performance.md has the figures).
    package var loops: Int?
    /// Days for which it is kept who has read, 0 to 36,500; 0 for ever (R52).
    package var receiptDays = 0
    /// Longest `content` of the compatibility profile, 1 to `Limits.textCharacters` Unicode scalar values (R107).
    package var compatContentCharacters = Limits.compatContentCharacters
    /// Whether a frame that breaks a rule of the profile ends its connection (R108).
    package var compatClosesOnInvalid = false
    /// The certificate and its key, as files in PEM; nil serves without TLS.
    package var tls: TLSFiles?
    /// Where operators ask for numbers and state, apart from clients (A49); nil for nowhere.
    package var metrics: ListenAddress?
    /// Where log lines go that this process writes; nil where that is the caller's business.
    package var logs: LogSink?
    /// What metrics call this build.
    package var version = ""
    /// The application whose users may come in with its tokens; nil takes none.
    package var external: ExternalIdentity?
    package var engine = EngineSettings()
    /// See `SQLiteDatabase.Options.forgoesDurability`.
    package var forgoesDurability = false

    package init(data: String) { self.data = data }

    /// Lets pages of an origin in, such as `https://chat.example.org`.
    package mutating func allow(origin: String) throws(StartFailure) {
        guard OriginPolicy.isOrigin(origin) else {
            throw StartFailure(
                "--allow-origin \(origin): no browser sends that. Write http:// or https://, the host in small letters, and the port if it is not the usual one, such as https://app.example or http://localhost:5173."
            )
        }
        self.allowedOrigins.insert(origin)
    }

    /// Believes a proxy at an address, or at each of a range.
    package mutating func trust(proxy: String) throws(StartFailure) {
        guard let range = AddressRange(proxy) else {
            throw StartFailure(
                "--trusted-proxy \(proxy): that is no address. Write one, such as 192.0.2.1 or 2001:db8::1, or a range of them, such as 10.0.0.0/8."
            )
        }
        self.trustedProxies.append(range)
    }
}

/// An address and a port to listen on.
package struct ListenAddress: Sendable, CustomStringConvertible {
    package var host: String
    package var port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    package var description: String { self.host.contains(":") ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)" }

    /// Why it cannot be listened on, and what to do, in sentences.
    func advice(on error: any Error) -> String {
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE: "something listens there already. End it, or give another port."
        case EACCES: "this user may not listen there. Give a port from 1024 on, and let a proxy listen below."
        case EADDRNOTAVAIL: "this machine does not have that address. Give one that it has, or 0.0.0.0 for all of them."
        case let code?: "it cannot be listened on: \(String(cString: strerror(code)))."
        case nil where error is SocketAddressError.UnknownHost:
            "no address is known by that name. Give an address of this machine, such as 127.0.0.1."
        case nil: "it cannot be listened on: \(error)."
        }
    }

    /// Whether it is reached from this machine only.
    var isLoopback: Bool { self.host == "localhost" || self.host == "::1" || self.host.hasPrefix("127.") }
}

/// Where the certificate and its key lie.
package struct TLSFiles: Sendable {
    package var certificate: String
    package var key: String

    package init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }
}

/// The application that vouches for its users: how it signs, by which keys, and what its tokens say of it and of us.
package struct ExternalIdentity: Sendable {
    package enum KeyFile: Sendable {
        /// A secret, or a public key in PEM.
        case one(String)
        /// A JWKS.
        case set(String)
    }

    package var algorithm: TokenAlgorithm
    package var keys: KeyFile
    package var issuer: String
    package var audience: String

    /// Nil where the algorithm is not `HS256`, `RS256` or `EdDSA`.
    package init?(algorithm: String, keys: KeyFile, issuer: String, audience: String) {
        guard let algorithm = TokenAlgorithm(rawValue: algorithm) else { return nil }
        self.algorithm = algorithm
        self.keys = keys
        self.issuer = issuer
        self.audience = audience
    }
}
