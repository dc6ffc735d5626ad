import NIOCore
import ParleyEngine
import ParleyGateway

/// All that is measured for one scrape. The metrics are read from it.
struct Measurements: Sendable {
    var engine: EngineCounts
    var gateway: GatewayCounts
    var accounts: AccountCounts
    var host: HostFacts
    var ticks: LoopTicks.Counts
    var listenerConnections: Int
    var listenerConnectionsMax: Int
    var waitingForAccounts: Int
    var waitingForHashes: Int
    var isStoring: Bool
    var isReady: Bool
    var droppedLogLines: Int
    var version: String
    /// In milliseconds since 1970.
    var started: Int64

    /// The text that a scrape is answered with.
    var text: String {
        var text = MetricsText()
        for metric in Metric.all {
            text.write(name: metric.name, kind: metric.kind, help: metric.help, metric.value(self))
        }
        return text.text
    }
}

/// Where the numbers of a running server come from.
struct MetricsSource: Sendable {
    let engine: Engine
    let gateway: GatewayServer
    let accounts: AccountManager
    let ticks: LoopTicks
    let configuration: ServerConfiguration
    let isReady: @Sendable () -> Bool
    /// In milliseconds since 1970.
    let started: Int64

    /// Asks everybody; the files are looked at on a thread that may block.
    func measure() async throws -> Measurements {
        let folder = self.configuration.data
        return Measurements(
            engine: try await self.engine.counts().get(), gateway: try await self.gateway.counts().get(),
            accounts: self.accounts.counts, host: try await onOwnThread { HostFacts(dataFolder: folder) },
            ticks: self.ticks.counts, listenerConnections: self.gateway.connections,
            listenerConnectionsMax: self.gateway.connectionsMax, waitingForAccounts: self.accounts.waitingForStore,
            waitingForHashes: self.accounts.waitingForHash, isStoring: self.engine.isStoring, isReady: self.isReady(),
            droppedLogLines: self.configuration.logs?.dropped ?? 0, version: self.configuration.version, started: self.started)
    }
}
