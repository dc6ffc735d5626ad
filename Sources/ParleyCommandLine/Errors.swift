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

    func run() throws {
        let text =
            switch self.format {
            case .markdown: ErrorTable.markdown
            case .js: ErrorTable.javaScript
            }
        try report { try say(text, terminator: "") }
    }
}
