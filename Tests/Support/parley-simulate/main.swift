import Glibc
import ParleyTestKit

/// `parley-simulate [count] [base] [lines]`: runs so many seeds over all cores; prints what fails with so many lines of its trace,
/// then one line. Exits with 1 if a seed failed. `make test` runs 10,000 this way, in a release build.
func number(_ index: Int, _ otherwise: UInt64) -> UInt64 {
    CommandLine.arguments.count > index ? UInt64(CommandLine.arguments[index]) ?? otherwise : otherwise
}

let clock = ContinuousClock()
let start = clock.now
var simulation = Simulation()
simulation.traceLines = Int(number(3, 50))
let total = await simulation.run(seeds: number(2, 1), count: number(1, 10_000))
for (index, outcome) in total.failed.enumerated() {
    print(index < 5 ? outcome.report : String(outcome.report.prefix { $0 != "\n" }))
}
print("\(total.line) in \(clock.now - start)")
if !total.failed.isEmpty { exit(1) }
