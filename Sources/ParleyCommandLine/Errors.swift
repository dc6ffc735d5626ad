import ArgumentParser
import ParleyDomain

struct Errors: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints the table of error numbers.",
        discussion: "Example: parley errors --format markdown")

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case markdown, js
    }

    @Option(help: "markdown, as in docs/PROTOCOL.md; js, as the web client reads it.")
    var format = Format.markdown

    func run() {
        switch self.format {
        case .markdown: say(ErrorTable.markdown, terminator: "")
        case .js: say(ErrorTable.javaScript, terminator: "")
        }
    }
}
