import ParleyDomain

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Bounds of an HTTP connection (A12, A15).
package struct HTTPLimits: Sendable, Equatable {
    /// Of a request target, in bytes.
    package var uriBytes = 8_192
    /// Of one header field, name and value, in bytes.
    package var headerFieldBytes = 8_192
    /// Of all header fields together, in bytes.
    package var headerListBytes = 16_384
    package var headerFields = 100
    /// Of a request's body, in bytes.
    package var bodyBytes = GatewayRequestContext.bodyBytes
    /// Of a response that a route streams; it is gathered before it is sent. In bytes.
    package var responseBytes = 16_777_216
    /// From accept, or from a later request's first byte, to the end of the request head, in milliseconds.
    package var headMilliseconds: Int64 = 10_000
    /// Between requests on one connection, in milliseconds.
    package var idleMilliseconds: Int64 = 60_000
    /// From the head's end to the body's, in milliseconds.
    package var bodyMilliseconds: Int64 = 20_000
    /// From a request's end to its answer, in milliseconds.
    package var answerMilliseconds: Int64 = 30_000
    /// The kernel must take a byte of an answer within this, in milliseconds.
    package var writeMilliseconds: Int64 = 30_000
    /// How long a connection that we ended waits for the client's end, in milliseconds.
    package var lingerMilliseconds: Int64 = 500

    package init() {}
}

/// Everything that the listener can be told. The defaults are those of a server of its own on one port.
package struct GatewayConfiguration: Sendable {
    package var host = "127.0.0.1"
    /// 0 takes any free port; `onListening` tells which.
    package var port = 8080
    /// Connections that the kernel may queue; bounded by `net.core.somaxconn`.
    package var backlog: Int32 = 8_192
    package var handshake = Handshake()
    package var http = HTTPLimits()
    package var socket = SocketEnvironment.Settings()
    /// Below the low mark a socket that was full is writable again; above the high mark it is full. Bytes waiting in the process.
    package var writeLowWaterMark = 32_768
    package var writeHighWaterMark = 131_072
    /// Connections at once; nil derives it from the limit of open files (A52).
    package var maximumConnections: Int?
    /// File descriptors kept for the store, logs and the listener itself.
    package var reservedFiles = 128
    /// Connections at once from one address (an IPv6 /64) that have not logged in (A3).
    package var connectionsPerAddressBeforeLogin = 1_024
    /// Addresses whose `X-Forwarded-For` is believed (A16). They are not counted per address themselves.
    package var trustedProxies: [AddressRange] = []
    /// What connections are encrypted with; nil where a proxy does that, or nobody.
    package var tls: TLSDoor?
    /// From the start of a graceful shutdown to the moment when what is left is cut, in seconds.
    package var drainSeconds: Int64 = 8

    package init() {}

    /// The cap on connections: as told, or what the limit of open files leaves.
    package var connectionCap: Int {
        if let maximumConnections { return max(1, maximumConnections) }
        return max(16, Self.openFilesLimit() - self.reservedFiles)
    }

    /// RLIMIT_NOFILE as it is in force now.
    private static func openFilesLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1_024 }
        return Int(clamping: limit.rlim_cur)
    }
}
