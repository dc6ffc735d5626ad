package import ArgumentParser

/// The program: every subcommand has `--help` with an example.
package struct ParleyCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "parley",
        abstract: "A group-chat server: an acknowledged message is on disk, at its final place, and reaches every member once.",
        discussion: "Example: parley serve --data ./data --listen 127.0.0.1:8480",
        version: parleyVersion,
        subcommands: [
            Serve.self, Chat.self, Admin.self, Provision.self, Import.self, Check.self, Errors.self, Schema.self,
            Conformance.self,
        ])

    package init() {}
}

let parleyVersion = "0.1.0"
