import NIOCore
import ParleyDomain
import ParleyWire
import Synchronization

/// Takes the shard's effects to the event loops: encodes once, hops once per loop and turn.
final class LoopOutbox: Sendable {
    private let loops: [any EventLoop]
    private let turn = Atomic<Int>(0)
    /// Answers that need the threads that read. Set in `open`.
    private let readers = Mutex<ReaderPool?>(nil)
    private let encoder = Mutex(FrameEncoder())
    /// One per loop, bound to it. Set in `open`, before any effect or connection exists.
    private let bound = OnceArray<NIOLoopBoundBox<LoopDelivery>>()

    init(loops: [any EventLoop]) {
        self.loops = loops
    }

    var indices: Range<Int32> { 0..<Int32(self.loops.count) }

    /// The loops in turn, for what belongs to no connection.
    func nextLoop() -> any EventLoop {
        self.loops[(self.turn.wrappingAdd(1, ordering: .relaxed).oldValue & Int.max) % self.loops.count]
    }

    /// The loop that serves what this user asks for without a connection: one and the same, which counts how often he does.
    func loop(for user: UserID) -> any EventLoop { self.loops[(user.hashValue & Int.max) % self.loops.count] }

    func open(engine: Engine) {
        self.readers.withLock { $0 = engine.readers }
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
            var last: Broadcast?
            for effect in effects {
                if self.asksReaders(effect) { continue }
                Self.share(effect, &shares, &encoder, &last)
            }
        }
        for index in self.indices where !shares[Int(index)].isEmpty { self.hand(shares[Int(index)], to: index) }
    }

    /// Hands what needs names or rights on to the threads that read. Whether it was such.
    private func asksReaders(_ effect: Effect) -> Bool {
        guard let readers = self.readers.withLock({ $0 }) else { return false }
        switch effect {
        case .readers(let question, let page):
            readers.answer(question, page) { self.hand([$0], to: question.origin.loop) }
        case .online(let origin, let user, let subject, let online, let count, let watch):
            let answer = OnlineAnswer(origin: origin, user: user, subject: subject, online: online, count: count)
            readers.answer(answer) {
                self.hand([$0], to: origin.loop)
            } seen: { users in
                if watch { self.hand([.watch(origin, users)], to: origin.loop) }
            }
        default: return false
        }
        return true
    }

    /// - Parameter last: The last broadcast of this turn.
    private static func share(
        _ effect: Effect, _ shares: inout [[LoopEffect]], _ encoder: inout FrameEncoder, _ last: inout Broadcast?
    ) {
        func one(_ origin: RequestOrigin, _ effect: LoopEffect) {
            guard shares.indices.contains(Int(origin.loop)) else { return }
            shares[Int(origin.loop)].append(effect)
        }
        func all(_ effect: LoopEffect) {
            for index in shares.indices { shares[index].append(effect) }
        }
        switch effect {
        case .publish(let publication):
            let broadcast = Broadcast(publication, encoder: &encoder)
            last = broadcast
            all(.broadcast(broadcast))
        case .answer(let origin, let answer): one(origin, .answer(origin, answer))
        case .attached(let origin, let user, let seats): one(origin, .attached(origin, user, seats))
        case .join(let user, let seat): all(.join(user, seat))
        case .part(let user, let conversation):
            // The entry that ended the membership comes just before.
            let ending = last?.conversation == conversation ? last : nil
            all(.part(user, conversation, ending: ending))
        case .told(let user, let conversation, let head): all(.told(user, conversation, head: head))
        case .apart(let user): all(.apart(user))
        case .typing(let user, let conversation): all(.typing(user, conversation))
        case .bell(let conversation, let head): all(.bell(conversation, head: head))
        case .position(let user, let conversation, let read, let delivered, let except):
            all(.position(user, conversation, read: read, delivered: delivered, except: except))
        case .presence(let user, let online): all(.presence(user, online: online))
        case .gone(let user, let conversations, let connection): all(.gone(user, conversations, connection: connection))
        case .hidden(let user): all(.hidden(user))
        case .receipts(let origin, let conversation, let counts):
            var frame = ByteBuffer()
            encoder.receipts(id: origin.request, conversation, counts, into: &frame)
            one(origin, .frames(origin, frame))
        case .record(let question, let record):
            guard case .record(let sequence) = question.kind else { return }
            var frame = ByteBuffer()
            encoder.receiptRecord(
                id: question.origin.request, question.conversation, sequence: sequence, record.encoded, into: &frame)
            one(question.origin, .frames(question.origin, frame))
        case .receiptsMoved(let user, let conversation, let counts):
            var frame = ByteBuffer()
            encoder.receipts(conversation, counts, into: &frame)
            all(.receipts(user, frame))
        case .readers, .online: return
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
