import Foundation
import ParleyTestKit
import Testing

/// The whole system from one seed each (P-R1 to P-R4, P-R18 to P-R20). `PARLEY_SIM_SEEDS` and `PARLEY_SIM_BASE` change how many
/// and which; `parley-simulate` runs more of them in a release build.
@Suite struct SimulationTests {
    static func environment(_ name: String) -> UInt64? { ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) } }

    @Test func everySeedIsClean() async {
        let total = await Simulation().run(
            seeds: Self.environment("PARLEY_SIM_BASE") ?? 1, count: Self.environment("PARLEY_SIM_SEEDS") ?? 1_000)
        for outcome in total.failed.prefix(3) { Issue.record("\(outcome.report)") }
        #expect(total.failed.isEmpty)
        // Runs in which nothing happens would be clean too.
        #expect(total.accepted > 20 * total.seeds)
    }

    @Test func theSameSeedIsTheSameRun() {
        var hashes: Set<UInt64> = []
        for seed in UInt64(500)..<550 {
            let first = Simulation().run(seed: seed)
            #expect(first.hash == Simulation().run(seed: seed).hash, "seed \(seed)")
            hashes.insert(first.hash)
        }
        #expect(hashes.count == 50)
    }

    /// Many at once do not disturb each other.
    @Test func theSameSeedIsTheSameRunOnAnotherThread() async throws {
        let first = Simulation().run(seed: 7)
        let second = await Task.detached { Simulation().run(seed: 7) }.value
        #expect(first.hash == second.hash)
        #expect(first.steps == second.steps)
    }

    /// Seeds that once found something keep watching for it.
    @Test(arguments: [3, 37, 70, 76, 109, 130, 136, 168, 248, 35_763, 54_729, 61_458, 63_823] as [UInt64])
    func whatWasFoundOnceStaysMended(seed: UInt64) {
        let outcome = Simulation().run(seed: seed)
        #expect(outcome.failure == nil, "\(outcome.report)")
    }
}

/// The judge is sharp (P-R20): every planted bug is caught, and soon.
@Suite struct PlantedBugTests {
    struct Control: CustomTestStringConvertible, Sendable {
        var bug: SimBug
        /// The comparison of every frame with the log is switched off, so that only what clients saw is left to tell.
        var atTheEnd = false
        var within: UInt64
        var testDescription: String { self.bug.rawValue + (self.atTheEnd ? ", by its consequences alone" : "") }
    }

    static let controls = [
        Control(bug: .ackBeforeCommit, within: 5),
        Control(bug: .ackBeforeCommit, atTheEnd: true, within: 50),
        Control(bug: .pushBeforeCommit, within: 5),
        Control(bug: .pushBeforeCommit, atTheEnd: true, within: 50),
        Control(bug: .dedupeOff, within: 50),
        Control(bug: .sequenceOutsideTransaction, within: 50),
        Control(bug: .cursorSkip, within: 50),
        Control(bug: .noHeads, within: 50),
        Control(bug: .eventToRemovedMember, within: 50),
        Control(bug: .eventToRemovedMember, atTheEnd: true, within: 50),
        Control(bug: .duplicatesShown, within: 100),
    ]

    @Test(arguments: controls) func isCaught(_ control: Control) {
        let simulation = Simulation(bug: control.bug, checksShown: !control.atTheEnd)
        for count in 1...control.within {
            let outcome = simulation.run(seed: 10_000 + count)
            guard let failure = outcome.failure else { continue }
            print("planted bug \(control.testDescription): caught after \(count) seeds (\(failure))")
            return
        }
        Issue.record("\(control.testDescription): not caught within \(control.within) seeds")
    }

    @Test func everyPlantedBugIsLookedFor() {
        #expect(Set(Self.controls.map(\.bug)) == Set(SimBug.allCases))
    }
}
