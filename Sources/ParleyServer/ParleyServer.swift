package import Logging
import NIOCore
import NIOPosix
import ParleyContract
package import ParleyDomain
import ParleyEngine
import ParleyGateway
import ParleySQLite
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Why a server cannot start, in one sentence that says what to do.
package struct StartFailure: Error, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}

/// Wires a server on its embedded store and runs it until it is told to stop. No decision about chat is made here.
package struct ParleyServer: Sendable {
    package var configuration: ServerConfiguration
    private let logger: Logger

    /// Puts something between engine and store: how the judge's faulty server is built from the real one. `deliver` is how the
    /// engine hands effects to its connections.
    package typealias StoreWrapper =
        @Sendable (
            _ store: sending any MessageStore, _ deliver: @escaping @Sendable ([Effect]) -> Void
        ) -> sending any MessageStore

    package init(_ configuration: ServerConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Runs until SIGTERM or SIGINT has been answered: connections told, commits finished, positions written.
    ///
    /// - Parameters:
    ///   - onListening: Called once with the URL to click.
    ///   - wrap: What the engine gets for a store; the store itself unless a test says otherwise.
    package func run(
        onListening: @escaping @Sendable (String) -> Void, wrapStore wrap: StoreWrapper = { store, _ in store },
        wrapReader: @Sendable (any MessageReader) -> any MessageReader = { $0 }
    ) async throws {
        let database = try self.openDatabase()
        let ticks = LoopTicks()
        let group = MultiThreadedEventLoopGroup(
            numberOfThreads: self.configuration.loops ?? max(1, System.coreCount - 1), metricsDelegate: ticks)
        let accounts = try self.makeAccounts(database)
        let doors = try Doors(self.configuration, accounts: accounts, logger: self.logger)
        let clock = EngineClock(
            wall: systemMilliseconds, steady: { Int64(clamping: NIODeadline.now().uptimeNanoseconds / 1_000_000) },
            fine: { Int64(clamping: NIODeadline.now().uptimeNanoseconds) })
        var settings = self.configuration.engine
        if !self.configuration.rateLimits { settings.framesPerSecond = 0 }
        settings.receiptRetentionMilliseconds = Int64(self.configuration.receiptDays) * 86_400_000
        settings.compatContentCharacters = self.configuration.compatContentCharacters
        settings.compatClosesOnInvalid = self.configuration.compatClosesOnInvalid
        settings.linkSecret = try SQLiteAccountStore(database).secret(named: "links") {
            (0..<32).map { _ in UInt8.random(in: .min ... .max) }
        }
        let late = Mutex<Engine?>(nil)
        let store = wrap(try SQLiteMessageStore(database)) { effects in late.withLock { $0 }?.deliver(effects) }
        let engine = Engine(
            store: store, reader: wrapReader(SQLiteMessageReader(database)), accounts: accounts, group: group,
            settings: settings, clock: clock, logger: self.logger)
        late.withLock { $0 = engine }
        accounts.whenSessionEnds { session, user in engine.endSession(session, of: user) }

        let life = ServerLife()
        let health = HealthRoutes { life.checks(isStoring: engine.isStoring) }
        let server = try self.makeGateway(engine, accounts, group, tls: doors.tls, health: health, life: life) { url in
            life.started.store(true, ordering: .releasing)
            onListening(url)
        }
        let live = LiveServer(engine: engine, accounts: accounts)
        let metrics = self.makeMetrics(
            MetricsSource(
                engine: engine, gateway: server, accounts: accounts, ticks: ticks, configuration: self.configuration,
                isReady: { life.checks(isStoring: engine.isStoring).allSatisfy(\.holds) }, started: live.started), group, health)
        let commands = Control(database: database, live: live)
        let control = ControlSocket(folder: self.configuration.data, group: group, logger: self.logger) {
            try await commands.run($0, $1, $2)
        }
        do {
            try await self.serve(
                server, metrics, control: control, beside: [doors, Housekeeping(accounts: accounts, logger: self.logger)])
        } catch {
            await engine.close()
            throw error
        }
        await engine.close()
        let turns = ticks.counts
        self.logger.info(
            "the loops end",
            metadata: [
                "turns": "\(turns.turns.list)", "longest_us": "\(turns.longest)", "work": "\(turns.work.list)",
                "longest_work_us": "\(turns.longestWork)",
            ])
        // Copies the log into the database file: a file that rests is whole, and every page of it can be checked.
        database.close()
        try await group.shutdownGracefully()
    }

    /// Binds both listeners, then runs them until all have ended: who reads that it is ready can go in by every door.
    private func serve(
        _ server: GatewayServer, _ metrics: GatewayServer?, control: ControlSocket, beside others: [any Service]
    ) async throws {
        // Ended from the last to the first, each when the one after it has gone: operators are answered until the clients have gone.
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = []
        if let metrics, let address = self.configuration.metrics {
            services.append(.init(service: try await self.listen(metrics, at: address, of: "--metrics")))
        }
        services.append(.init(service: control))
        let clients = try await self.listen(server, at: self.configuration.listen, of: "--listen")
        services.append(.init(service: clients, successTerminationBehavior: .gracefullyShutdownGroup))
        services += others.map { .init(service: $0) }
        try await ServiceGroup(
            configuration: .init(services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: self.logger)
        ).run()
    }

    private func listen(
        _ server: GatewayServer, at address: ListenAddress, of flag: String
    ) async throws(StartFailure) -> GatewayServer.Listening {
        do {
            return try await server.listen()
        } catch {
            throw StartFailure("\(flag) \(address): \(address.advice(on: error))")
        }
    }

    private func openDatabase() throws -> SQLiteDatabase {
        do throws(OpenFailure) {
            var options = SQLiteDatabase.Options()
            options.forgoesDurability = self.configuration.forgoesDurability
            let database = try SQLiteDatabase(folder: self.configuration.data, options: options)
            if database.isOpenToOthers {
                self.logger.warning(
                    "others than its owner can enter the data folder: chmod 700",
                    metadata: ["folder": "\(self.configuration.data)"])
            }
            return database
        } catch {
            throw StartFailure(error.description)
        }
    }

    private func makeAccounts(_ database: SQLiteDatabase) throws -> AccountManager {
        var settings = AccountSettings()
        settings.registration = self.configuration.registration
        if !self.configuration.rateLimits {
            let open = AccountSettings.Rate(burst: 1_000_000, interval: 1)
            settings.triesPerName = open
            settings.triesPerAddress = open
            settings.registrationsPerAddress = open
        }
        return try AccountManager(store: SQLiteAccountStore(database), hasher: PasswordHasher(), settings: settings)
    }

    private func makeGateway(
        _ engine: Engine, _ accounts: AccountManager, _ group: MultiThreadedEventLoopGroup, tls: TLSDoor?,
        health: HealthRoutes, life: ServerLife, onListening: @escaping @Sendable (String) -> Void
    ) throws -> GatewayServer {
        var gateway = GatewayConfiguration()
        gateway.host = self.configuration.listen.host
        gateway.port = self.configuration.listen.port
        gateway.trustedProxies = self.configuration.trustedProxies
        gateway.socket.messageBytesBeforeLogin = Limits.frameBeforeAuthBytes
        gateway.handshake.origins = OriginPolicy(allowed: self.configuration.allowedOrigins)
        if !self.configuration.rateLimits { gateway.connectionsPerAddressBeforeLogin = .max }
        gateway.tls = tls
        let host = self.configuration.listen.host
        let scheme = tls == nil ? "http" : "https"
        if tls == nil, !self.configuration.listen.isLoopback {
            self.logger.warning(
                "who is on the way can read along: give --tls-certificate and --tls-key, or listen on 127.0.0.1 behind a proxy that speaks TLS",
                metadata: ["listen": "\(host)"])
        }
        return GatewayServer(
            configuration: gateway, group: group, sessions: engine, logger: self.logger,
            onQuiesce: { eventLoop in
                life.draining.store(true, ordering: .releasing)
                return engine.drain(on: eventLoop)
            },
            onListening: { address in
                let shown = host == "0.0.0.0" || host == "::" ? "localhost" : host.contains(":") ? "[\(host)]" : host
                onListening("\(scheme)://\(shown):\(address.port ?? 0)/")
            },
            routes: try self.makeRoutes(engine, accounts, health))
    }

    /// The operators' own listener, on the same loops and under the same bounds; nil where nobody asked for one.
    private func makeMetrics(
        _ source: MetricsSource, _ group: MultiThreadedEventLoopGroup, _ health: HealthRoutes
    ) -> GatewayServer? {
        guard let listen = self.configuration.metrics else { return nil }
        if !listen.isLoopback {
            self.logger.warning(
                "whoever reaches the metrics can read them: let --metrics listen on 127.0.0.1, or on a network of operators only",
                metadata: ["listen": "\(listen.host)"])
        }
        var gateway = GatewayConfiguration()
        gateway.host = listen.host
        gateway.port = listen.port
        gateway.handshake.path = ""
        gateway.maximumConnections = 64
        var routes = RouteTable()
        OperatorRoutes(health: health) { try await source.measure().text }.add(to: &routes)
        let logger = self.logger
        return GatewayServer(
            configuration: gateway, group: group, sessions: source.engine, logger: logger,
            onListening: { address in
                logger.notice("metrics are served", metadata: ["address": "\(address.ipAddress ?? ""):\(address.port ?? 0)"])
            },
            routes: routes)
    }

    private func makeRoutes(_ engine: Engine, _ accounts: AccountManager, _ health: HealthRoutes) throws -> RouteTable {
        var routes = RouteTable()
        if let folder = self.configuration.web {
            do throws(StaticAssets.Failure) {
                try StaticAssets(folder: folder).add(to: &routes)
            } catch {
                throw StartFailure(
                    "The web client in \(folder) cannot be read (\(error)). Name its folder with --web, or --web none.")
            }
        }
        let calls = AccountRoutes(accounts: accounts)
        calls.add(to: &routes)
        RequestRoute(
            types: Contract.typesWithPath, identify: calls.identity,
            exchange: { try await engine.exchange($0, in: $1, as: $2).get() }
        ).add(to: &routes)
        health.add(to: &routes)
        // Kept like a file: a browser that has it asks only whether it changed.
        StaticAssets(files: ["v1/openapi.json": Contract.openAPI.compact]).add(to: &routes)
        return routes
    }
}

/// Where a server is in its life, as far as others ask.
private final class ServerLife: Sendable {
    let started = Atomic<Bool>(false)
    let draining = Atomic<Bool>(false)

    func checks(isStoring: Bool) -> [HealthCheck] {
        [
            HealthCheck("started", self.started.load(ordering: .acquiring)),
            HealthCheck("accepting", !self.draining.load(ordering: .acquiring)), HealthCheck("storing", isStoring),
        ]
    }
}
