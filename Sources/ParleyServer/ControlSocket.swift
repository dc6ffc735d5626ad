import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// The way in for the operator's commands while a server runs: `parley.sock` in the data folder, for its owner only (0600).
///
/// A client writes one line, the command, then whatever the command reads, and ends its side. The server writes lines of
/// progress; the last one begins with `ok` or `failed`. Connections are served side by side: one that says nothing, or has asked for
/// something long, holds up no other.
struct ControlSocket: Service {
    /// Runs one command: its line, its input, and where lines of progress go. Returns what stands after `ok`.
    typealias Handler =
        @Sendable (_ command: String, _ input: [UInt8], _ progress: @escaping @Sendable (String) -> Void) async throws
        -> [UInt8]

    /// Longest input of a command, in bytes: a plan of a million users.
    static let inputBytes = 134_217_728
    /// Connections at a time; more wait to be taken.
    static let connectionsMax = 16
    /// How long the answer to a command may take to be written when the server ends.
    private static let farewell = TimeAmount.seconds(2)

    private let path: String
    private let group: MultiThreadedEventLoopGroup
    private let logger: Logger
    private let patience: TimeAmount
    private let handler: Handler

    static func path(in folder: String) -> String { folder + "/parley.sock" }

    /// - Parameter patience: How long a client may take to say all of its command.
    init(
        folder: String, group: MultiThreadedEventLoopGroup, logger: Logger, patience: TimeAmount = .seconds(30),
        handler: @escaping Handler
    ) {
        self.path = Self.path(in: folder)
        self.group = group
        self.logger = logger
        self.patience = patience
        self.handler = handler
    }

    func run() async throws {
        // The data folder is 0700 and ours alone by its lock: what lies at this path is left over from a process that was killed.
        let server: NIOAsyncChannel<NIOAsyncChannel<ByteBuffer, ByteBuffer>, Never>
        do {
            server = try await ServerBootstrap(group: self.group)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .bind(unixDomainSocketPath: self.path, cleanupExistingSocketFile: true) { channel in
                    channel.eventLoop.makeCompletedFuture { try Self.wrap(channel) }
                }
        } catch {
            // A path of more than 107 bytes cannot be a socket. Chat works without one.
            self.logger.warning(
                "commands cannot reach this server while it runs", metadata: ["path": "\(self.path)", "cause": "\(error)"])
            try? await gracefulShutdown()
            return
        }
        restrictToOwner(self.path)
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await server.executeThenClose { connections in
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    var running = 0
                    for try await connection in connections {
                        if running == Self.connectionsMax {
                            try await tasks.next()
                            running -= 1
                        }
                        tasks.addTask { await self.serve(connection) }
                        running += 1
                    }
                }
            }
        } onCancelOrGracefulShutdown: {
            server.channel.close(promise: nil)
        }
        removeFile(self.path)
    }

    /// Each side says that it is done by closing its half.
    static func wrap(_ channel: any Channel) throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        try NIOAsyncChannel(wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
    }

    /// When the server ends, what is not said whole is not waited for, and a command that can end early does.
    private func serve(_ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async {
        do {
            try await cancelWhenGracefulShutdown { try await self.answer(connection) }
        } catch is CancellationError {
            return
        } catch {
            self.logger.warning("a command's connection broke", metadata: ["cause": "\(error)"])
        }
    }

    private func answer(_ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async throws {
        let channel = connection.channel
        let answer: @Sendable ([UInt8]) async throws -> Void = { bytes in
            // Waits until the kernel has all of it: closing drops what a writer has only queued.
            try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
        }
        try await connection.executeThenClose { inbound, _ in
            let input: [UInt8]
            do {
                input = try await self.input(inbound, of: channel)
            } catch let failure as StartFailure {
                return try await answer(Array("failed \(failure)\n".utf8))
            }
            let end = input.firstIndex(of: UInt8(ascii: "\n")) ?? input.endIndex
            let command = String(decoding: input[..<end], as: UTF8.self)
            let rest = Array(input[min(end + 1, input.count)...])
            try await withTaskCancellationHandler {
                do {
                    let result = try await self.handler(command, rest) { line in
                        channel.writeAndFlush(ByteBuffer(string: line + "\n"), promise: nil)
                    }
                    try await answer(Array("ok\n".utf8) + result)
                } catch {
                    try await answer(Array("failed \(error)\n".utf8))
                }
            } onCancel: {
                channel.eventLoop.scheduleTask(in: Self.farewell) { channel.close(promise: nil) }
            }
        }
    }

    /// The command and its input, up to where the client ends its side; of one that takes too long nothing is run.
    private func input(_ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, of channel: any Channel) async throws -> [UInt8] {
        let end = NIODeadline.now() + self.patience
        let deadline = channel.eventLoop.scheduleTask(deadline: end) {
            channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
        defer { deadline.cancel() }
        var input: [UInt8] = []
        for try await part in inbound {
            guard input.count + part.readableBytes <= Self.inputBytes else {
                throw StartFailure("the input is longer than \(Self.inputBytes) bytes")
            }
            input.append(contentsOf: part.readableBytesView)
        }
        try Task.checkCancellation()
        guard NIODeadline.now() < end else {
            throw StartFailure("the command was not said within \(self.patience.nanoseconds / 1_000_000_000) s")
        }
        return input
    }
}

/// The client's side: sends a command to the server that runs on the folder. Nil where none runs.
package func askRunningServer(
    folder: String, command: String, input: [UInt8], progress: @escaping @Sendable (String) -> Void
) async throws -> [UInt8]? {
    let group = MultiThreadedEventLoopGroup.singleton
    let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
    do {
        channel = try await ClientBootstrap(group: group)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(unixDomainSocketPath: ControlSocket.path(in: folder)) { channel in
                channel.eventLoop.makeCompletedFuture { try ControlSocket.wrap(channel) }
            }
    } catch {
        return nil
    }
    return try await channel.executeThenClose { inbound, outbound in
        try await outbound.write(ByteBuffer(string: command + "\n"))
        try await outbound.write(ByteBuffer(bytes: input))
        outbound.finish()
        var lines = ControlAnswer()
        for try await part in inbound { lines.take(part.readableBytesView, progress) }
        return try lines.result()
    }
}

/// Splits the answer of a control socket: lines of progress, then `ok` and the result, or `failed` and why.
struct ControlAnswer {
    private var pending: [UInt8] = []
    private var succeeded = false
    private var failure: String?

    mutating func take(_ bytes: some Collection<UInt8>, _ progress: (String) -> Void) {
        self.pending.append(contentsOf: bytes)
        while !self.succeeded, let end = self.pending.firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: self.pending[..<end], as: UTF8.self)
            self.pending.removeSubrange(...end)
            if line == "ok" {
                self.succeeded = true
            } else if line.hasPrefix("failed ") {
                self.failure = String(line.dropFirst(7))
            } else {
                progress(line)
            }
        }
    }

    func result() throws -> [UInt8] {
        if let failure = self.failure { throw StartFailure(failure) }
        guard self.succeeded else { throw StartFailure("The server ended before it answered. Try again.") }
        return self.pending
    }
}
