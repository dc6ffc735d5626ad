/// The whole system in one process from one seed: the real sequencer and the real client core, and between them a simulated disk,
/// network and clock with every fault that the contract allows (P-R19).
///
/// The same seed gives the same run, step by step, on every machine.
package struct Simulation: Sendable {
    /// A fault planted on purpose; nil for the real thing.
    package var bug: SimBug?
    /// Whether what the server writes is compared with the log at once.
    package var checksShown = true

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
        let outcome = self.run(seed: seed, recording: false)
        // The lines are not made where nobody reads them: a run that fails is run once more.
        return outcome.failure == nil ? outcome : self.run(seed: seed, recording: true)
    }

    private func run(seed: UInt64, recording: Bool) -> Outcome {
        let world = SimWorld(seed: seed, bug: self.bug, checksShown: self.checksShown, recording: recording)
        let failure = world.run()
        return Outcome(
            seed: seed, hash: world.trace.hash, steps: world.trace.steps, simulatedMilliseconds: world.now,
            stored: world.store.logs.reduce(0) { $0 + $1.entries.count },
            accepted: world.clients.reduce(0) { $0 + $1.accepted.values.reduce(0) { $0 + $1.count } }, failure: failure,
            trace: world.trace.last)
    }
}
