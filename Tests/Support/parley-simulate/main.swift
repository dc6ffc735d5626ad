import ParleyTestKit

/// `parley-simulate [count] [base]`: runs so many seeds over all cores; prints what fails, then one line.
func number(_ index: Int, _ otherwise: UInt64) -> UInt64 {
    CommandLine.arguments.count > index ? UInt64(CommandLine.arguments[index]) ?? otherwise : otherwise
}

let count = number(1, 10_000)
let base = number(2, 1)
let workers: UInt64 = 2
let clock = ContinuousClock()
let start = clock.now
var failed = 0
var steps: UInt64 = 0
var simulated: Int64 = 0
var entries = 0
await withTaskGroup(of: [Simulation.Outcome].self) { group in
    for worker in 0..<workers {
        group.addTask {
            var outcomes: [Simulation.Outcome] = []
            for seed in stride(from: base + worker, to: base + count, by: Int(workers)) { outcomes.append(Simulation().run(seed: seed)) }
            return outcomes
        }
    }
    for await outcomes in group {
        for outcome in outcomes {
            steps += outcome.steps
            simulated += outcome.simulatedMilliseconds
            entries += outcome.stored
            guard outcome.failure != nil else { continue }
            failed += 1
            if failed <= 5 { print(outcome.report) } else { print(outcome.report.prefix { $0 != "\n" }) }
        }
    }
}
print("\(count) seeds, \(failed) failed, \(steps) steps, \(entries) entries, \(simulated / 1_000) s simulated in \(clock.now - start)")
