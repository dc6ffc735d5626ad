package import Hummingbird
package import Logging
import ParleyDomain
package import ParleyEngine

/// What a route knows besides its request: where it came from.
package struct GatewayRequestContext: RequestContext {
    package struct Source: RequestContextSource {
        package var logger: Logger
        package var origin: Origin

        package init(logger: Logger, origin: Origin) {
            self.logger = logger
            self.origin = origin
        }
    }

    package var coreContext: CoreRequestContextStorage
    /// The client's address, as a trusted proxy tells it or as the connection has it, and its User-Agent (R85, A16).
    package let origin: Origin

    /// Bodies of API routes, in bytes: the longest request of the protocol. The connection refuses longer ones before a route sees them.
    package static let bodyBytes = Limits.frameBytes

    package var maxUploadSize: Int { Self.bodyBytes }

    package init(source: Source) {
        self.coreContext = CoreRequestContextStorage(source: source)
        self.origin = source.origin
    }
}
