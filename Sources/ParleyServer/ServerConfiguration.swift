package import ParleyEngine

/// Everything that can be told to a server at start. The defaults are safe on a machine that others reach.
package struct ServerConfiguration: Sendable {
    /// The data folder: made if it is missing, held by a lock while the server runs.
    package var data: String
    package var host = "127.0.0.1"
    package var port = 8480
    /// The folder of the web client; nil serves none.
    package var web: String?
    /// Origins besides the server's own whose pages may open sockets, such as `https://chat.example.org`.
    package var allowedOrigins: [String] = []
    /// Addresses of proxies whose `X-Forwarded-For` is believed.
    package var trustedProxies: Set<String> = []
    /// Whether strangers may register.
    package var registration = true
    /// Switches off the limits on how often clients may ask, and nothing else: for benches.
    package var rateLimits = true
    /// Event loops; nil takes one per core but one, which the thread that writes needs (docs/performance.md has the figures).
    package var loops: Int?
    /// Days for which it is kept who has read, 0 to 36,500; 0 for ever (R52).
    package var receiptDays = 0
    package var engine = EngineSettings()
    /// See `SQLiteDatabase.Options.forgoesDurability`.
    package var forgoesDurability = false

    package init(data: String) { self.data = data }
}
