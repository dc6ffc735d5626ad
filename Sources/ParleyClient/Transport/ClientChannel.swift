import NIOCore
import NIOPosix
import NIOSSL

/// How a client trusts a server over TLS.
package struct ClientTLS: Sendable {
    /// A PEM file with the certificates to trust instead of the system's; nil trusts the system's.
    package var authorities: String?

    package init(authorities: String? = nil) { self.authorities = authorities }
}

/// Why there is no connection, or no answer, in one sentence for a person.
package struct ConnectFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The HTTP status, where the server answered with one; 0 otherwise.
    package var status: Int
    package var description: String

    package init(_ description: String, status: Int = 0) {
        self.status = status
        self.description = description
    }
}

extension ServerAddress {
    /// Opens a TCP connection, with TLS where the address asks for it; `configure` adds what stands behind that.
    ///
    /// - Parameter milliseconds: How long opening it may take.
    func connect(
        on loop: any EventLoop, tls: ClientTLS, milliseconds: Int64,
        configure: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        let context: NIOSSLContext?
        do {
            context = try self.isSecure ? Self.context(tls) : nil
        } catch {
            return loop.makeFailedFuture(ConnectFailure("The certificates to trust cannot be used: \(error)"))
        }
        let name = self.isNumeric ? nil : self.host
        return ClientBootstrap(group: loop)
            .connectTimeout(.milliseconds(milliseconds))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: name))
                    }
                    try configure(channel)
                }
            }
            .connect(host: self.host, port: self.port)
            .flatMapErrorThrowing { throw ConnectFailure("There is no connection to \(self.authority): \(Self.reason($0))") }
    }

    private static func context(_ tls: ClientTLS) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let file = tls.authorities { configuration.trustRoots = .file(file) }
        return try NIOSSLContext(configuration: configuration)
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = error as? NIOConnectionError else { return "\(error)" }
        if let failure = error.connectionErrors.first?.error { return "\(failure)" }
        return "the name \(error.host) is not known"
    }
}
