import ArgumentParser
import ParleyImport
import ParleyServer

struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Brings conversations in from elsewhere.",
        discussion: "Example: parley import irc --data ./data --owner Ann 2005-02-08.raw.txt",
        subcommands: [ImportIRC.self])
}

struct ImportIRC: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "irc",
        abstract: "Makes a group of the logs of an IRC channel.",
        discussion: """
            One group, one account for each nick. A file's name begins with its day (2005-02-08.raw.txt); a line `[09:56] <ann> hello` \
            becomes a message of that minute, joins, parts, kicks and renames become memberships. Where a file 2005-02-08.annotation.txt \
            lies beside it, its lines `X Y -` make line Y (counted from 0) a reply to line X. Doing it again changes nothing; what was \
            ended in the middle goes on. The server must be stopped meanwhile.

            The owner can log in and sees everything. The accounts of nicks have no password: nobody can log in as them.

            Example: parley import irc --data ./data --owner Ann --owner-password-file secret.txt logs/*.raw.txt
            """)

    @Argument(help: ArgumentHelp("The logs, at most 10,000.", valueName: "file"))
    var files: [String]

    @Option(help: "The data folder; made if it is missing.")
    var data = "./data"

    @Option(help: "The group's id. Another id makes another group.")
    var group = "irc"

    @Option(help: "What the group is called when it is made.")
    var title = "IRC"

    @Option(help: "The log-in name of the group's owner. The account is made if there is none.")
    var owner: String

    @Option(help: "A file whose first line is the password of an owner who is made. Without it you are asked.")
    var ownerPasswordFile: String?

    @Option(help: "Where the rejected lines go, each with its reason; only its owner can read it.")
    var rejects: String?

    func run() async throws {
        try await report {
            var command = ImportCommand(
                folder: self.data, files: self.files, group: self.group, title: self.title, owner: self.owner, password: nil)
            command.password = try await self.password(command)
            let bar = ProgressBar()
            let result = try await command.run { bar.show($0.lines, of: $0.of, $0.file) }
            bar.end()
            try say(result.summary.table, terminator: "")
            if let rejects { try writePrivateFile(rejects, Array(result.rejects.map { $0 + "\n" }.joined().utf8)) }
        }
    }

    /// From the file, or from the person at the terminal if the owner is to be made; nil for one who is there.
    private func password(_ command: ImportCommand) async throws -> String? {
        if let ownerPasswordFile {
            let bytes = try readFile(ownerPasswordFile).prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
            return String(decoding: bytes, as: UTF8.self)
        }
        guard try await command.ownerIsMissing() else { return nil }
        guard let answer = try askForPassword("A password for \(self.owner), at least 8 characters: ") else {
            throw ImportFailure("\(self.owner) is a new account: name a file with its password with --owner-password-file.")
        }
        return answer
    }
}
