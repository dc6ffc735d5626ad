import CArgon2
package import ParleyDomain
import Synchronization

/// Argon2id over passwords, on one thread of its own, one at a time.
///
/// The thread and its bounded queue keep a flood of log-ins from taking CPU and memory from messages (A31): one hash
/// takes `memoryKiB` and about 25 ms. What does not fit in the queue is told to come back (`overloaded`).
package final class PasswordHasher: Sendable {
    /// What one hash costs. The floor is OWASP's: 19 MiB, two passes, one lane.
    package struct Parameters: Sendable, Equatable {
        package var memoryKiB: UInt32
        package var passes: UInt32
        package var lanes: UInt32

        package static let floor = Parameters(memoryKiB: 19_456, passes: 2, lanes: 1)

        package init(memoryKiB: UInt32, passes: UInt32, lanes: UInt32) {
            self.memoryKiB = memoryKiB
            self.passes = passes
            self.lanes = lanes
        }

        var meetsFloor: Bool {
            self.memoryKiB >= Self.floor.memoryKiB && self.passes >= Self.floor.passes && self.lanes >= Self.floor.lanes
        }
    }

    /// The parameters are cheaper than `Parameters.floor`.
    package struct TooWeak: Error, Sendable, Equatable {
        package init() {}
    }

    /// How long a client is told to wait where the queue is full, in milliseconds.
    static let retryMilliseconds = 2_000

    private static let saltBytes = 16
    private static let hashBytes = 32

    private let parameters: Parameters
    private let thread: WorkerThread
    private let random: RandomBytes
    /// Compared with where there is no account, so that it costs the same (A30). Made by the thread's first job.
    private let dummy = Mutex("")
    private let done = Atomic(0)

    /// - Parameters:
    ///   - thread: its capacity is how many hashes may wait. Used for nothing else.
    ///   - weakForTests: lets parameters below the floor pass. Nothing but a test may set it.
    package init(
        parameters: Parameters = .floor, thread: WorkerThread = WorkerThread(capacity: 64, makesWay: true),
        random: @escaping RandomBytes = systemRandom, weakForTests: Bool = false
    ) throws(TooWeak) {
        guard weakForTests || parameters.meetsFloor else { throw TooWeak() }
        self.parameters = parameters
        self.thread = thread
        self.random = random
        let (salt, password) = (random(Self.saltBytes), random(Self.hashBytes))
        _ = self.thread.submit { [weak self] in
            guard let self else { return }
            let hash = try? Self.hash(password, salt: salt, parameters: parameters)
            self.dummy.withLock { $0 = hash ?? "" }
        }
    }

    /// How many hashes wait.
    package var waiting: Int { self.thread.waiting }

    /// How many passwords have been hashed or compared.
    package var completed: Int { self.done.load(ordering: .relaxed) }

    /// The hash in PHC string form (`$argon2id$v=19$m=...,t=...,p=...$salt$hash`).
    /// - Throws: `overloaded` where the queue is full, `internalError` where there is no memory for it.
    package func hash(_ password: String) async throws(Refusal) -> String {
        let (bytes, salt, parameters) = (Array(password.utf8), self.random(Self.saltBytes), self.parameters)
        return try await self.run { () throws(Refusal) in
            try Self.hash(bytes, salt: salt, parameters: parameters)
        }
    }

    /// Whether the password belongs to the hash. nil (no such account, or one without a password) costs the same and is
    /// always false. The comparison takes constant time (`argon2_verify`).
    /// - Throws: `overloaded` where the queue is full, `internalError` where the stored hash cannot be read.
    package func verify(_ password: String, against hash: String?) async throws(Refusal) -> Bool {
        let bytes = Array(password.utf8)
        return try await self.run { [self] () throws(Refusal) in
            let matches = try Self.verify(bytes, against: hash ?? self.dummy.withLock { $0 })
            return matches && hash != nil
        }
    }

    private func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(Refusal) -> Value
    ) async throws(Refusal) -> Value {
        guard let result = await self.thread.run(body) else {
            throw Refusal(.overloaded, retryMilliseconds: Self.retryMilliseconds)
        }
        self.done.add(1, ordering: .relaxed)
        return try result.get()
    }

    private static func hash(_ password: [UInt8], salt: [UInt8], parameters: Parameters) throws(Refusal) -> String {
        let length = argon2_encodedlen(
            parameters.passes, parameters.memoryKiB, parameters.lanes, UInt32(clamping: salt.count),
            UInt32(clamping: Self.hashBytes), Argon2_id)
        var encoded = [CChar](repeating: 0, count: length)
        let code = argon2id_hash_encoded(
            parameters.passes, parameters.memoryKiB, parameters.lanes, password, password.count, salt, salt.count,
            Self.hashBytes, &encoded, encoded.count)
        guard code == ARGON2_OK.rawValue else { throw Refusal(.internalError) }
        return String(decoding: encoded.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func verify(_ password: [UInt8], against hash: String) throws(Refusal) -> Bool {
        switch argon2id_verify(hash, password, password.count) {
        case ARGON2_OK.rawValue: return true
        case ARGON2_VERIFY_MISMATCH.rawValue: return false
        default: throw Refusal(.internalError)
        }
    }
}
