import ArgumentParser
import ParleyCommandLine
import ParleyDomain
import ParleyServer

/// The server with one promise broken, for the judge's negative controls: same flags, same data folder, never for people.
@main
struct ParleyFaulty: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parley-faulty",
        abstract: "A Parley that breaks one promise. For tests of the judge only.",
        discussion: "Example: parley-faulty --fault ack-before-commit serve --data ./data")

    enum Fault: String, ExpressibleByArgument, CaseIterable {
        case ackBeforeCommit = "ack-before-commit"
        case pushBeforeCommit = "push-before-commit"
        case dedupeOff = "dedupe-off"
        case sequenceMaxPlusOne = "sequence-max-plus-one"
        case cursorSkip = "cursor-skip"
        case synchronousOff = "synchronous-off"
    }

    @Option(help: "Which promise to break.")
    var fault: Fault

    @Argument(help: "Always `serve`, so that the flags read like the real program's.")
    var command: String

    @OptionGroup var options: ServeOptions

    func validate() throws {
        guard self.command == "serve" else { throw ValidationError("parley-faulty knows serve only.") }
    }

    func run() async throws {
        let fault = self.fault
        try await self.options.run { server, print in
            var faulty = server
            faulty.configuration.forgoesDurability = fault == .synchronousOff
            try await faulty.run(
                onListening: print,
                wrapStore: { store, deliver in
                    switch fault {
                    case .ackBeforeCommit: EarlyStore(store)
                    case .pushBeforeCommit: GossipStore(store, deliver: deliver)
                    case .dedupeOff: ForgetfulStore(store)
                    case .sequenceMaxPlusOne: MiscountingStore(store)
                    case .cursorSkip, .synchronousOff: store
                    }
                },
                wrapReader: { reader in
                    switch fault {
                    case .cursorSkip: SkippingReader(reader)
                    case .dedupeOff: UnmarkingReader(reader)
                    default: reader
                    }
                })
        }
    }
}
