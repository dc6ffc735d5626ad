import ParleyDomain
import ParleyEngine
import ParleyGateway

package enum MetricKind: String, Sendable {
    case counter, gauge, histogram
}

/// A number that operators can watch: what it is called, what it tells, and where it comes from.
///
/// This is the one table of them. `docs/operating.md` has it as `parley schema metrics` prints it; a test compares the two. Labels have
/// a few words each, written here or in a table of the code, and never anything that a client sent (A50).
package struct Metric: Sendable {
    package let name: String
    package let kind: MetricKind
    package let help: String
    let value: @Sendable (Measurements) -> MetricValue

    init(_ name: String, _ kind: MetricKind, _ help: String, _ value: @escaping @Sendable (Measurements) -> MetricValue) {
        self.name = name
        self.kind = kind
        self.help = help
        self.value = value
    }

    package static let all = connections + messages + store + accounts + process

    /// The table as it stands in docs/operating.md.
    package static var markdown: String {
        self.all.reduce("| metric | type | what it tells |\n| --- | --- | --- |\n") { text, metric in
            text + "| `\(metric.name)` | \(metric.kind.rawValue) | \(metric.help) |\n"
        }
    }

    private static let connections: [Metric] = [
        Metric(
            "parley_connections", .gauge,
            "Sockets open now, by encoding and by whether they have logged in (`live`) or not yet (`waiting`)."
        ) {
            let loops = $0.engine.loops
            return .labelled([
                Sample(["encoding": "json", "state": "live"], loops.live.json),
                Sample(["encoding": "json", "state": "waiting"], loops.open.json - loops.live.json),
                Sample(["encoding": "binary", "state": "live"], loops.live.binary),
                Sample(["encoding": "binary", "state": "waiting"], loops.open.binary - loops.live.binary),
            ])
        },
        Metric("parley_connections_opened_total", .counter, "Sockets opened.") { .number($0.gateway.opened) },
        Metric("parley_connections_behind", .gauge, "Connections now that do not take their bytes: nothing is pushed to them.") {
            .number($0.engine.loops.behind)
        },
        Metric("parley_connections_fell_behind_total", .counter, "How often a connection stopped taking its bytes.") {
            .number($0.engine.loops.fellBehind)
        },
        Metric(
            "parley_connections_cut_total", .counter,
            "Sockets cut without a close, by cause: `silent` for two heartbeats, `reader_too_slow`, `message_too_slow`, `close_unanswered`."
        ) {
            let counts = $0.gateway.cuts
            return .labelled(zip(SocketDeadlines.Cause.allCases, counts).map { Sample(["cause": $0.rawValue], $1) })
        },
        Metric("parley_pings_sent_total", .counter, "Heartbeats missed: pings sent to clients from which nothing came for one.") {
            .number($0.gateway.pings)
        },
        Metric(
            "parley_protocol_violations_total", .counter, "Sockets ended because of frames that RFC 6455 or our limits rule out."
        ) {
            .number($0.gateway.violations)
        },
        Metric("parley_listener_connections", .gauge, "Connections of the public port now, HTTP and sockets.") {
            .number($0.listenerConnections)
        },
        Metric("parley_listener_connections_max", .gauge, "How many there may be; beyond it clients are told to come back.") {
            .number($0.listenerConnectionsMax)
        },
        Metric("parley_http_responses_total", .counter, "Answers over HTTP on the public port, by the class of their status.") {
            .labelled($0.gateway.answers.enumerated().map { Sample(["status": "\($0 + 1)xx"], $1) })
        },
    ]

    private static let messages: [Metric] = [
        Metric("parley_frames_received_total", .counter, "Messages of sockets (text or binary) that came, refused ones included.")
        { .number($0.gateway.framesIn) },
        Metric("parley_frames_sent_total", .counter, "Messages of sockets (text or binary) that were written.") {
            .number($0.gateway.framesOut)
        },
        Metric(
            "parley_received_bytes_total", .counter, "Bytes of frames that came on sockets, headers and control frames included."
        ) {
            .number($0.gateway.bytesIn)
        },
        Metric("parley_sent_bytes_total", .counter, "Bytes of frames written to sockets, headers and control frames included.") {
            .number($0.gateway.bytesOut)
        },
        Metric("parley_messages_accepted_total", .counter, "Messages that became durable.") { .number($0.engine.shard.messages) },
        Metric("parley_entries_stored_total", .counter, "Entries that became durable: messages, and changes of any kind.") {
            .number($0.engine.shard.entries)
        },
        Metric("parley_acks_total", .counter, "Acks written, those of repeats included.") { .number($0.engine.loops.acks) },
        Metric("parley_duplicates_answered_total", .counter, "Commands that came again and got the answer of the first time.") {
            .number($0.engine.shard.duplicates)
        },
        Metric(
            "parley_deliveries_total", .counter,
            "Entries written to connections as events; divided by the entries stored it is the fan-out factor."
        ) {
            .number($0.engine.loops.deliveries)
        },
        Metric(
            "parley_refusals_total", .counter,
            "Requests on sockets, and over HTTP's `/v1/request`, that were answered with an error, by its number."
        ) {
            let counts = $0.engine.loops.refusals
            return .labelled(zip(ErrorCode.allCases, counts).map { Sample(["code": "\($0.rawValue)", "name": $0.name], $1) })
        },
        Metric("parley_receipt_frames_total", .counter, "Frames that told connected senders who has got and read their messages.")
        {
            .number($0.engine.loops.receiptFrames)
        },
        Metric("parley_receipt_bytes_total", .counter, "Bytes of those frames, as JSON.") {
            .number($0.engine.loops.receiptBytes)
        },
        Metric("parley_positions_written_total", .counter, "Read positions written to the store.") {
            .number($0.engine.shard.positions)
        },
        Metric("parley_push_notices_total", .counter, "Notices to wake users, handed to the push hook.") {
            .number($0.engine.push.notices)
        },
        Metric(
            "parley_push_failures_total", .counter, "Passes over a conversation's members, to wake them, that could not be read."
        ) { .number($0.engine.push.failures) },
    ]

    private static let store: [Metric] = [
        Metric("parley_store_up", .gauge, "1 while the store takes what it is given, 0 after a failure.") {
            .number($0.isStoring ? 1 : 0)
        },
        Metric("parley_commit_rows", .histogram, "Entries that shared one commit.") {
            .histogram($0.engine.shard.rows, units: 1)
        },
        Metric("parley_commit_duration_seconds", .histogram, "How long a commit took, its sync included.") {
            .histogram($0.engine.shard.commits, units: 1_000_000)
        },
        Metric("parley_batches_failed_total", .counter, "Batches that were not stored.") { .number($0.engine.shard.failures) },
        Metric(
            "parley_queue_depth", .gauge,
            "What waits: `mailbox` handed over to the shard, `shard` taken and not decided, `readers` for history and sync, `accounts` for their store, `hashes` for a password's check."
        ) {
            .labelled([
                Sample(["queue": "mailbox"], $0.engine.mailbox), Sample(["queue": "shard"], $0.engine.shard.waiting),
                Sample(["queue": "readers"], $0.engine.waitingReads), Sample(["queue": "accounts"], $0.waitingForAccounts),
                Sample(["queue": "hashes"], $0.waitingForHashes),
            ])
        },
        Metric("parley_database_bytes", .gauge, "Size of the database file.") { .number($0.host.databaseBytes) },
        Metric("parley_wal_bytes", .gauge, "Size of the database's log, which is copied into the file from time to time.") {
            .number($0.host.logBytes)
        },
        Metric("parley_data_free_bytes", .gauge, "Free bytes of the disk that the data folder lies on.") {
            .number($0.host.freeBytes)
        },
    ]

    private static let accounts: [Metric] = [
        Metric(
            "parley_account_requests_total", .counter,
            "Log-ins, registrations and renewals (`refresh`), by outcome; `wrong` is a wrong password or token."
        ) {
            let counts = $0.accounts
            return .labelled(
                AccountCounts.Request.allCases.flatMap { request in
                    AccountCounts.Outcome.allCases.map { outcome in
                        Sample(["request": request.rawValue, "outcome": outcome.rawValue], counts[request, outcome])
                    }
                })
        }
    ]

    private static let process: [Metric] = [
        Metric("parley_ready", .gauge, "1 while `/readyz` answers 200.") { .number($0.isReady ? 1 : 0) },
        Metric(
            "parley_loop_turn_seconds", .histogram,
            "How long turns of the event loops took, once what had come was read: what everybody on a loop waits for."
        ) {
            .histogram($0.ticks.turns, units: 1_000_000)
        },
        Metric(
            "parley_loop_turn_processor_seconds", .histogram,
            "Processor time of the loops from the end of a turn to the end of the next, reading and waking included."
        ) {
            .histogram($0.ticks.work, units: 1_000_000)
        },
        Metric("parley_log_lines_dropped_total", .counter, "Log lines that were dropped because whoever reads them was too slow.")
        { .number($0.droppedLogLines) },
        Metric("parley_build_info", .gauge, "Always 1; the label is the version.") {
            .labelled([Sample(["version": $0.version], 1)])
        },
        Metric("process_cpu_seconds_total", .counter, "Processor time used, in the kernel too.") {
            .seconds($0.host.processorSeconds)
        },
        Metric("process_resident_memory_bytes", .gauge, "Memory that is resident.") { .number($0.host.residentBytes) },
        Metric("process_open_fds", .gauge, "Files and sockets open.") { .number($0.host.openFiles) },
        Metric("process_max_fds", .gauge, "How many may be open.") { .number($0.host.openFilesMax) },
        Metric("process_start_time_seconds", .gauge, "When the server started, in seconds since 1970.") {
            .seconds(Double($0.started) / 1_000)
        },
    ]
}
