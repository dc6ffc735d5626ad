import NIOCore
import ParleyDomain
import ParleyWire
import Synchronization

/// Takes the shard's effects to the event loops: encodes once, hops once per loop and turn.
final class LoopOutbox: Sendable {
    private let loops: [any EventLoop]
    private let encoder = Mutex(FrameEncoder())
    /// One per loop, bound to it. Set in `open`, before any effect or connection exists.
    private let bound = OnceArray<NIOLoopBoundBox<LoopDelivery>>()

    init(loops: [any EventLoop]) {
        self.loops = loops
    }

    var indices: Range<Int32> { 0..<Int32(self.loops.count) }

    func open(engine: Engine) {
        let made = self.loops.enumerated().map { index, loop in
            NIOLoopBoundBox.makeBoxSendingValue(
                LoopDelivery(index: Int32(index), eventLoop: loop, engine: engine), eventLoop: loop)
        }
        self.bound.set(made)
    }

    /// On the loop itself: its delivery.
    func delivery(on loop: any EventLoop) -> LoopDelivery {
        for (index, candidate) in self.loops.enumerated() where candidate === loop { return self.bound.get()[index].value }
        preconditionFailure("a socket lives on an event loop that the engine was not given")
    }

    /// Encodes each publication once and gives every loop its share, in one task per loop.
    func dispatch(_ effects: [Effect]) {
        var shares = [[LoopEffect]](repeating: [], count: self.loops.count)
        self.encoder.withLock { encoder in
            for effect in effects { Self.share(effect, &shares, &encoder) }
        }
        for index in self.indices where !shares[Int(index)].isEmpty { self.hand(shares[Int(index)], to: index) }
    }

    private static func share(_ effect: Effect, _ shares: inout [[LoopEffect]], _ encoder: inout FrameEncoder) {
        func one(_ origin: RequestOrigin, _ effect: LoopEffect) {
            guard shares.indices.contains(Int(origin.loop)) else { return }
            shares[Int(origin.loop)].append(effect)
        }
        func all(_ effect: LoopEffect) {
            for index in shares.indices { shares[index].append(effect) }
        }
        switch effect {
        case .publish(let publication): all(.broadcast(Broadcast(publication, encoder: &encoder)))
        case .answer(let origin, let answer): one(origin, .answer(origin, answer))
        case .attached(let origin, let user, let seats): one(origin, .attached(origin, user, seats))
        case .join(let user, let seat): all(.join(user, seat))
        case .part(let user, let conversation): all(.part(user, conversation))
        case .bell(let conversation, let head): all(.bell(conversation, head: head))
        case .position(let user, let conversation, let read, let delivered, let except):
            all(.position(user, conversation, read: read, delivered: delivered, except: except))
        }
    }

    func hand(_ effects: [LoopEffect], to index: Int32) {
        self.onLoop(index) { $0.apply(effects) }
    }

    func onLoop(_ index: Int32, _ body: @escaping @Sendable (LoopDelivery) -> Void) {
        guard self.loops.indices.contains(Int(index)) else { return }
        let delivery = self.bound.get()[Int(index)]
        self.loops[Int(index)].execute { body(delivery.value) }
    }

    func startSweeps() -> [RepeatedTask] {
        self.loops.enumerated().map { index, loop in
            let delivery = self.bound.get()[index]
            return loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in delivery.value.sweep() }
        }
    }
}

/// An array that is set once and then read without a lock.
///
/// `@unchecked Sendable` is sound because `set` is called before the object is shared, and never again.
private final class OnceArray<Element: Sendable>: @unchecked Sendable {
    private var elements: [Element] = []
    func set(_ elements: [Element]) { self.elements = elements }
    func get() -> [Element] { self.elements }
}
