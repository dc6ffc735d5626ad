import ArgumentParser
import ParleyServer

/// The commands of `parley admin`, each a few lines: what they do is decided in the server.
extension Admin {
    /// Where a list begins, and how long it is.
    struct Page: ParsableArguments {
        @Option(help: "Only those that begin so.")
        var search: String?

        @Option(help: "Goes on after this one: the last of the list before.")
        var after: String?

        @Option(help: "At most so many, 1 to 1000.")
        var limit = 100

        var given: [(String, String?)] { [("search", self.search), ("after", self.after), ("limit", "\(self.limit)")] }
    }

    struct Users: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists users by name.", discussion: "Example: parley admin users --data ./data --search an")
        @OptionGroup var options: AdminOptions
        @OptionGroup var page: Page

        func run() async throws {
            let columns = ["user", "name", "created", "password", "disabled", "sessions"]
            try await self.options.run("users", self.page.given, columns: columns)
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shuts a user out: ends his sessions, and nobody logs in by his name.",
            discussion: "His messages and memberships stay. Example: parley admin disable --data ./data Mallory")
        @OptionGroup var options: AdminOptions
        @Argument(help: "The user's name or id.") var user: String

        func run() async throws { try await self.options.run("disable", [("user", self.user)]) }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lets a disabled user log in again, with the password that he had.",
            discussion: "Example: parley admin enable --data ./data Mallory")
        @OptionGroup var options: AdminOptions
        @Argument(help: "The user's name or id.") var user: String

        func run() async throws { try await self.options.run("enable", [("user", self.user)]) }
    }

    struct Password: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives a user another password, and ends his sessions.",
            discussion: "Asks for it, or reads the first line of a file. Example: parley admin password --data ./data Ann")
        @OptionGroup var options: AdminOptions
        @Argument(help: "The user's name or id.") var user: String
        @Option(help: "A file whose first line is the password.") var passwordFile: String?

        func run() async throws {
            let user = self.user
            var password = ""
            try await report {
                if let file = self.passwordFile {
                    password = try firstLine(of: file)
                } else {
                    password =
                        try await onOwnThread { TerminalDevice.prompt("The new password of \(Shown.line(user)): ", secret: true) }
                        ?? ""
                }
                guard !password.isEmpty else { throw StartFailure("There is no password: give one, or --password-file.") }
            }
            try await self.options.run("password", [("user", self.user), ("password", password)])
        }
    }

    struct LogOut: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "log-out", abstract: "Ends all sessions of a user.",
            discussion: "Example: parley admin log-out --data ./data Ann")
        @OptionGroup var options: AdminOptions
        @Argument(help: "The user's name or id.") var user: String

        func run() async throws { try await self.options.run("log-out", [("user", self.user)]) }
    }

    struct Sessions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the live sessions of a user.", discussion: "Example: parley admin sessions --data ./data Ann")
        @OptionGroup var options: AdminOptions
        @Argument(help: "The user's name or id.") var user: String

        func run() async throws {
            let columns = ["session", "device", "created", "expires", "address", "agent"]
            try await self.options.run("sessions", [("user", self.user)], columns: columns)
        }
    }

    struct Groups: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists groups by id.", discussion: "Example: parley admin groups --data ./data --search Team")
        @OptionGroup var options: AdminOptions
        @OptionGroup var page: Page

        func run() async throws {
            let columns = ["group", "title", "members", "member_cap", "messages", "time", "dissolved"]
            try await self.options.run("groups", self.page.given, columns: columns)
        }
    }

    struct Members: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the members of a group, by slot.", discussion: "Example: parley admin members --data ./data Team")
        @OptionGroup var options: AdminOptions
        @Argument(help: "The group's id or title.") var group: String
        @Option(help: "Goes on after this slot.") var after = 0
        @Option(help: "At most so many, 1 to 1000.") var limit = 100

        func run() async throws {
            let given = [("group", self.group), ("after", "\(self.after)"), ("limit", "\(self.limit)")]
            try await self.options.run("members", given, columns: ["slot", "user", "name", "role", "read", "delivered"])
        }
    }

    struct Dissolve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ends a group: it can be read and left, and nobody writes in it any more.",
            discussion: "Example: parley admin dissolve --data ./data Team")
        @OptionGroup var options: AdminOptions
        @Argument(help: "The group's id or title.") var group: String

        func run() async throws { try await self.options.run("dissolve", [("group", self.group)]) }
    }

    struct Transfer: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a member the owner of a group; the owner becomes an administrator.",
            discussion: "Example: parley admin transfer --data ./data Team Ann")
        @OptionGroup var options: AdminOptions
        @Argument(help: "The group's id or title.") var group: String
        @Argument(help: "The member's name or id.") var user: String

        func run() async throws { try await self.options.run("transfer", [("group", self.group), ("user", self.user)]) }
    }

    struct Cap: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sets how many members a group may have, 1 to 1,000,000.",
            discussion: "Example: parley admin cap --data ./data Team 5000")
        @OptionGroup var options: AdminOptions
        @Argument(help: "The group's id or title.") var group: String
        @Argument(help: "At least the members that there are.") var cap: Int

        func run() async throws { try await self.options.run("cap", [("group", self.group), ("cap", "\(self.cap)")]) }
    }

    struct Reports: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the messages that users have reported, of all groups, the newest report first.",
            discussion: "Example: parley admin reports --data ./data --json")
        @OptionGroup var options: AdminOptions
        @Option(help: "At most so many, 1 to 1000.") var limit = 100

        func run() async throws {
            let columns = ["time", "group", "title", "sequence", "sender", "reporter", "reason", "content"]
            try await self.options.run("reports", [("limit", "\(self.limit)")], columns: columns)
        }
    }

    struct Resolve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes the reports of a message off the list.",
            discussion: "Example: parley admin resolve --data ./data Team 42")
        @OptionGroup var options: AdminOptions
        @Argument(help: "The group's id or title.") var group: String
        @Argument(help: "The sequence of the message.") var sequence: Int

        func run() async throws {
            try await self.options.run("resolve", [("group", self.group), ("sequence", "\(self.sequence)")])
        }
    }

    struct Audit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists what changed rights in a group, recalls and pins, the newest first.",
            discussion: "What an operator did says operator: yes. Example: parley admin audit --data ./data Team")
        @OptionGroup var options: AdminOptions
        @Argument(help: "The group's id or title.") var group: String
        @Option(help: "Only what stands before this sequence.") var before: Int?
        @Option(help: "At most so many, 1 to 1000.") var limit = 100

        func run() async throws {
            let given = [("group", self.group), ("before", self.before.map { "\($0)" }), ("limit", "\(self.limit)")]
            try await self.options.run(
                "audit", given, columns: ["sequence", "time", "kind", "user", "operator", "target", "content"])
        }
    }

    struct Stats: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints what the store holds, and on a running server the connections.",
            discussion: "With --seconds, also how fast it grows. Example: parley admin stats --data ./data --seconds 5")
        @OptionGroup var options: AdminOptions
        @Option(help: "Measures for so many seconds, 1 to 60.") var seconds: Int?

        func run() async throws { try await self.options.run("stats", [("seconds", self.seconds.map { "\($0)" })]) }
    }
}
