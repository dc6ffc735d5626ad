/// The whole system in one process from one seed: the real sequencer and the real client core, and between them a simulated disk,
/// network and clock with every fault that the contract allows (P-R19).
///
/// The same seed gives the same run, step by step, on every machine.
package struct Simulation: Sendable {
    /// A fault planted on purpose; nil for the real thing.
    package var bug: SimBug?
    /// Whether what the server writes is compared with the log at once.
    package var checksShown = true

    /// Lines of the trace that a failed run comes with.
    package var traceLines = 50

    package init(bug: SimBug? = nil, checksShown: Bool = true) {
        self.bug = bug
        self.checksShown = checksShown
    }

    /// What a run came to.
    package struct Outcome: Sendable {
        package var seed: UInt64
        /// Of everything that happened, in order.
        package var hash: UInt64
        package var steps: UInt64
        package var simulatedMilliseconds: Int64
        /// Entries in all logs, and entries that clients accepted.
        package var stored: Int
        package var accepted: Int
        /// What broke; nil if every check held.
        package var failure: String?
        /// The last steps of a run that failed.
        package var trace: [String]

        /// For a person: seed, step, what broke, and what came before it.
        package var report: String {
            guard let failure else { return "seed \(self.seed): clean" }
            return "seed \(self.seed), step \(self.steps), \(failure)\n" + self.trace.joined(separator: "\n")
        }
    }

    package func run(seed: UInt64) -> Outcome {
        let outcome = self.run(seed: seed, kept: 0)
        // The lines are not made where nobody reads them: a run that fails is run once more.
        return outcome.failure == nil ? outcome : self.run(seed: seed, kept: self.traceLines)
    }

    private func run(seed: UInt64, kept: Int) -> Outcome {
        let world = SimWorld(seed: seed, bug: self.bug, checksShown: self.checksShown, kept: kept)
        let failure = world.run()
        return Outcome(
            seed: seed, hash: world.trace.hash, steps: world.trace.steps, simulatedMilliseconds: world.now,
            stored: world.store.logs.reduce(0) { $0 + $1.entries.count },
            accepted: world.clients.reduce(0) { $0 + $1.accepted.values.reduce(0) { $0 + $1.count } }, failure: failure,
            trace: world.trace.last)
    }

    /// What many runs came to.
    package struct Total: Sendable {
        package var seeds = 0
        /// Of all runs, in any order.
        package var hash: UInt64 = 0
        package var steps: UInt64 = 0
        package var simulatedMilliseconds: Int64 = 0
        package var stored = 0
        package var accepted = 0
        /// In the order of their seeds.
        package var failed: [Outcome] = []

        mutating func add(_ outcome: Outcome) {
            self.seeds += 1
            self.hash ^= simMix(outcome.hash)
            self.steps += outcome.steps
            self.simulatedMilliseconds += outcome.simulatedMilliseconds
            self.stored += outcome.stored
            self.accepted += outcome.accepted
            if outcome.failure != nil { self.failed.append(outcome) }
        }

        package var line: String {
            "\(self.seeds) seeds, \(self.failed.count) failed, \(self.steps) steps, \(self.stored) entries stored, "
                + "\(self.accepted) accepted, \(self.simulatedMilliseconds / 1_000) s simulated, "
                + "hash \(String(self.hash, radix: 16))"
        }
    }

    /// Runs `count` seeds from `base` on, spread over the cores.
    package func run(seeds base: UInt64, count: UInt64) async -> Total {
        var total = Total()
        let chunk: UInt64 = 50
        await withTaskGroup(of: Total.self) { group in
            for start in stride(from: 0, to: count, by: Int(chunk)) {
                group.addTask {
                    var part = Total()
                    for offset in start..<min(count, start + chunk) { part.add(self.run(seed: base &+ offset)) }
                    return part
                }
            }
            for await part in group {
                total.seeds += part.seeds
                total.hash ^= part.hash
                total.steps += part.steps
                total.simulatedMilliseconds += part.simulatedMilliseconds
                total.stored += part.stored
                total.accepted += part.accepted
                total.failed += part.failed
            }
        }
        total.failed.sort { $0.seed < $1.seed }
        return total
    }
}
