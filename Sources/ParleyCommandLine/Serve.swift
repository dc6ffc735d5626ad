import ArgumentParser
import Logging
import ParleyDomain
package import ParleyServer

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs the server on a data folder.",
        discussion: """
            Prints the address to open. Ready when GET /readyz answers 200. SIGTERM tells clients to reconnect, finishes what was \
            sent, and exits with 0.

            Example: parley serve --data ./data --listen 127.0.0.1:8480
            """)

    @OptionGroup var options: ServeOptions

    func run() async throws {
        try await self.options.run { server, print in try await server.run(onListening: print) }
    }
}

/// What `parley serve` takes.
package struct ServeOptions: ParsableArguments {
    package init() {}

    @Option(help: "The data folder; made if it is missing.")
    var data = "./data"

    @Option(help: ArgumentHelp("Address and port to listen on.", valueName: "host:port"))
    var listen = "127.0.0.1:8480"

    @Option(help: ArgumentHelp("The folder of the web client; `none` serves no page.", valueName: "folder"))
    var web: String?

    @Option(
        help: ArgumentHelp(
            "An origin, besides the server's own, whose pages may connect. May be given several times.", valueName: "origin"))
    var allowOrigin: [String] = []

    @Option(
        help: ArgumentHelp(
            "A proxy, or a range of addresses (10.0.0.0/8), whose X-Forwarded-For is believed. May be given several times.",
            valueName: "address"))
    var trustedProxy: [String] = []

    @Option(help: ArgumentHelp("TLS: the certificate, then those up to the root, in PEM.", valueName: "file"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("TLS: the certificate's private key, in PEM, readable by its owner only.", valueName: "file"))
    var tlsKey: String?

    @OptionGroup(title: "Users of another application (all of these, or none)") var external: ExternalOptions

    @Flag(help: "Strangers cannot register: accounts are made with `parley provision` only.")
    var noRegistration = false

    @Flag(help: "Lifts the limits on how often a client may ask. For benches on your own machine only.")
    var noRateLimits = false

    @Option(
        help: ArgumentHelp("Days for which it is kept who has read; then only how many have. 0: for ever.", valueName: "days"))
    var receiptDays = 0

    @Option(help: ArgumentHelp("Longest content of the compatibility profile.", valueName: "characters"))
    var compatContent = Limits.compatContentCharacters

    @Flag(help: "A frame that breaks a rule of the compatibility profile ends its connection.")
    var compatStrict = false

    @Option(help: "Event loops; one per core but one unless given.")
    var loops: Int?

    @Option(
        help: ArgumentHelp(
            "Where to answer operators: GET /metrics (Prometheus), /livez, /readyz. Nowhere unless given.", valueName: "host:port"
        ))
    var metrics: String?

    @Option(help: "How much to log: trace, debug, info, notice, warning, error.")
    var logLevel = "notice"

    @Option(help: "How a log line is written: text, or json for one object a line.")
    var logFormat = LogFormat.text

    package func validate() throws {
        if let loops = self.loops, !(1...256).contains(loops) { throw ValidationError("--loops takes 1 to 256.") }
        guard (0...36_500).contains(self.receiptDays) else { throw ValidationError("--receipt-days takes 0 to 36500.") }
        guard (1...Limits.textCharacters).contains(self.compatContent) else {
            throw ValidationError("--compat-content takes 1 to \(Limits.textCharacters).")
        }
        guard Logger.Level(rawValue: self.logLevel) != nil else {
            throw ValidationError("--log-level takes trace, debug, info, notice, warning or error.")
        }
        guard (self.tlsCertificate == nil) == (self.tlsKey == nil) else {
            throw ValidationError("--tls-certificate and --tls-key go together.")
        }
        _ = try Self.address(self.listen, of: "--listen")
        _ = try self.metrics.map { try Self.address($0, of: "--metrics") }
        var trial = ServerConfiguration(data: self.data)
        do throws(StartFailure) { try self.openDoors(of: &trial) } catch { throw ValidationError(error.description) }
    }

    private func openDoors(of configuration: inout ServerConfiguration) throws(StartFailure) {
        for origin in self.allowOrigin { try configuration.allow(origin: origin) }
        for proxy in self.trustedProxy { try configuration.trust(proxy: proxy) }
    }

    private static func address(_ text: String, of option: String) throws -> ListenAddress {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), (0...65_535).contains(port)
        else { throw ValidationError("\(option) takes an address and a port, such as 127.0.0.1:8480.") }
        let host = text[..<colon].trimmingBrackets
        return ListenAddress(host: host.isEmpty ? "127.0.0.1" : host, port: port)
    }

    /// Builds a server from the options and hands it over, with the way to print its address.
    package func run(_ body: (ParleyServer, @escaping @Sendable (String) -> Void) async throws -> Void) async throws {
        raiseOpenFileLimit()
        let level = Logger.Level(rawValue: self.logLevel) ?? .notice
        let logs = LogSink(file: STDERR_FILENO, format: self.logFormat)
        // What was logged is written before the program ends, unless nobody reads it.
        defer { logs.flush(milliseconds: 1_000) }
        LoggingSystem.bootstrap { SinkLogHandler(label: $0, level: level, sink: logs) }
        var configuration = ServerConfiguration(data: self.data)
        configuration.logs = logs
        configuration.version = parleyVersion
        configuration.listen = try Self.address(self.listen, of: "--listen")
        configuration.metrics = try self.metrics.map { try Self.address($0, of: "--metrics") }
        configuration.web = self.web == "none" ? nil : self.web ?? findWebClient()
        try self.openDoors(of: &configuration)
        configuration.registration = !self.noRegistration
        configuration.rateLimits = !self.noRateLimits
        configuration.loops = self.loops
        configuration.receiptDays = self.receiptDays
        configuration.compatContentCharacters = self.compatContent
        configuration.compatClosesOnInvalid = self.compatStrict
        if let certificate = self.tlsCertificate, let key = self.tlsKey {
            configuration.tls = TLSFiles(certificate: certificate, key: key)
        }
        configuration.external = try self.external.identity()
        let server = ParleyServer(configuration, logger: Logger(label: "parley"))
        do {
            try await body(server) { url in
                // Chat goes on where nobody reads along.
                try? say("Parley is ready: open \(url)")
            }
        } catch let failure as StartFailure {
            complain(failure.description)
            throw ExitCode.failure
        } catch {
            complain("The server stopped: \(error)")
            throw ExitCode.failure
        }
    }
}

extension LogFormat: ExpressibleByArgument {}

extension Substring {
    /// The address without the brackets that an IPv6 one has beside a port.
    fileprivate var trimmingBrackets: String {
        self.hasPrefix("[") && self.hasSuffix("]") ? String(self.dropFirst().dropLast()) : String(self)
    }
}
