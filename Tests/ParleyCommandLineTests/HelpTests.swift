import ArgumentParser
import Testing

@testable import ParleyCommandLine

@Suite struct HelpTests {
    private static var all: [any ParsableCommand.Type] {
        [ParleyCommand.self] + ParleyCommand.configuration.subcommands + Admin.configuration.subcommands
            + Import.configuration.subcommands
    }

    /// A paragraph has no line breaks of its own: they would come out ragged at most widths. Examples are indented.
    @Test func paragraphsAreFilled() {
        for command in Self.all {
            for paragraph in command.configuration.discussion.split(separator: "\n\n") {
                let lines = paragraph.split(separator: "\n").filter { !$0.hasPrefix("  ") }
                #expect(lines.count <= 1, "\(command): \(paragraph)")
            }
        }
    }
}
