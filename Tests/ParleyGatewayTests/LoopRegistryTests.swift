import NIOCore
import NIOEmbedded
import ParleyEngine
import Testing

@testable import ParleyGateway

/// Counts what it is told, and leaves when it is told that the server goes down.
private final class Counted: SweptConnection {
    var slot = -1
    private(set) var sweeps = 0
    private(set) var goodbyes = 0
    private unowned let registry: LoopRegistry

    init(_ registry: LoopRegistry) {
        self.registry = registry
        registry.add(self)
    }

    func sweep(at now: Int64) { self.sweeps += 1 }
    func quiesce() {
        self.goodbyes += 1
        self.registry.remove(self)
    }
    func cut() { self.registry.remove(self) }
}

struct LoopRegistryTests {
    @Test func aSweepLooksAtEachOnceAPartOfThemInATurn() {
        let loop = EmbeddedEventLoop()
        let registry = LoopRegistry(eventLoop: loop)
        let connections = (0..<150).map { _ in Counted(registry) }
        registry.sweep(at: 1_000)
        #expect(connections.map(\.sweeps).reduce(0, +) == 64)
        loop.advanceTime(by: LoopRegistry.sweepPause)
        #expect(connections.map(\.sweeps).reduce(0, +) == 128)
        loop.advanceTime(by: LoopRegistry.sweepPause)
        #expect(connections.allSatisfy { $0.sweeps == 1 })
    }

    @Test func whoIsToldThatTheServerGoesDownIsToldInTurns() {
        let loop = EmbeddedEventLoop()
        let registry = LoopRegistry(eventLoop: loop)
        let connections = (0..<40).map { _ in Counted(registry) }
        registry.quiesce()
        #expect(connections.map(\.goodbyes).reduce(0, +) == 16)
        // One that leaves by itself meanwhile takes nobody's turn.
        registry.remove(connections[0])
        loop.advanceTime(by: LoopTurns.pause)
        #expect(connections.map(\.goodbyes).reduce(0, +) == 32)
        loop.advanceTime(by: LoopTurns.pause)
        #expect(connections.dropFirst().allSatisfy { $0.goodbyes == 1 })
        #expect(connections[0].goodbyes == 0)
        #expect(registry.count == 0)
    }
}
