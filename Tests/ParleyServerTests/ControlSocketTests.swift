import Foundation
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import Testing

@testable import ParleyServer

/// The operator's way in: one connection holds up neither another nor the end.
@Suite(.timeLimit(.minutes(1))) struct ControlSocketTests {
    private let folder = "/tmp/parley-control-\(UInt64.random(in: .min ... .max))"

    /// A control socket that runs until the body is through, and how it is ended.
    private func run(
        patience: TimeAmount = .hours(1), handler: @escaping ControlSocket.Handler,
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: self.folder) }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let socket = ControlSocket(
            folder: self.folder, group: .singleton, logger: logger, patience: patience, handler: handler)
        let services = ServiceGroup(services: [socket], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await services.run() }
            while try await self.ask("ready?") == nil { await Task.yield() }
            try await body()
            await services.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private func ask(_ command: String) async throws -> String? {
        try await askRunningServer(folder: self.folder, command: command, input: []) { _ in }.map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    /// A connection that has said this much, and no more.
    private func connect(saying text: String) async throws -> any Channel {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(unixDomainSocketPath: ControlSocket.path(in: self.folder)).get()
        try await channel.writeAndFlush(ByteBuffer(string: text)).get()
        return channel
    }

    @Test func silentConnectionsHoldUpNeitherOthersNorTheEnd() async throws {
        let ran = Commands()
        try await self.run {
            command, _, _ in
            ran.add(command)
            return Array(command.utf8)
        } _: {
            for text in ["", "half a comm", "whole\nand half its in"] { _ = try await self.connect(saying: text) }
            #expect(try await self.ask("stats") == "stats")
        }
        #expect(ran.all.allSatisfy { $0 == "ready?" || $0 == "stats" }, "a part of a command is not run")
    }

    @Test func longCommandHoldsUpNoOtherAndIsToldOfTheEnd() async throws {
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        let (never, nothing) = AsyncStream.makeStream(of: Void.self)
        defer { nothing.finish() }
        try await self.run {
            command, _, _ in
            guard command == "long" else { return [] }
            begin.yield()
            defer { end.yield() }
            // For ever, unless it is told.
            for await _ in never {}
            throw CancellationError()
        } _: {
            let channel = try await self.connect(saying: "long\n")
            try await channel.close(mode: .output)
            for await _ in begun { break }
            #expect(try await self.ask("short") == "")
        }
        for await _ in ended { break }
    }

    @Test func whoDoesNotSayHisCommandIsSentAway() async throws {
        let ran = Commands()
        try await self.run(patience: .seconds(2)) {
            command, _, _ in
            ran.add(command)
            return []
        } _: {
            let channel = try await self.connect(saying: "disable Ann\n")
            try await channel.closeFuture.get()
        }
        #expect(!ran.all.contains("disable Ann"))
    }
}

private final class Commands: Sendable {
    private let list = Mutex<[String]>([])

    var all: [String] { self.list.withLock { $0 } }
    func add(_ command: String) { self.list.withLock { $0.append(command) } }
}
