package import Logging
import ParleyDomain
package import ParleyEngine

/// What a route knows besides its request.
package struct GatewayRequestContext: Sendable {
    /// Names the request and its trace.
    package var logger: Logger
    /// The client's address, as a trusted proxy tells it or as the connection has it, and its User-Agent (R85, A16).
    package var origin: Origin

    /// Bodies of API routes, in bytes: the longest request of the protocol. The connection refuses longer ones before a route sees them.
    package static let bodyBytes = Limits.frameBytes

    package init(logger: Logger, origin: Origin) {
        self.logger = logger
        self.origin = origin
    }
}
