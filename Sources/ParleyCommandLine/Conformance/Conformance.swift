import ArgumentParser
import NIOPosix
import ParleyClient
import ParleyContract
import ParleyDomain

struct Conformance: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Plays the golden frames against a server, and says which answers are not as documented.",
        discussion: """
            Each frame of docs/golden/client.txt is sent in a group made for it: first over one door, then again over the others, as JSON \
            and in the binary encoding. All answers must be as the schema says, name what the request named, and be the same: byte for \
            byte as JSON, value for value over the encodings. Then wrong frames: each must get its documented number. Makes six accounts \
            on the server unless --token is given. A table of frames and doors; exit status 1 where one is not as documented, 2 where \
            the server cannot be asked.

            Example: parley conformance http://127.0.0.1:8480
            """)

    @Argument(help: "The server's address.")
    var url: String

    @Option(
        help:
            "socket or http (POST /v1/request) with JSON, path (POST /v1/requests/{type}), binary (a socket of parley.bin.1) or cbor (POST /v1/request with it). May be given several times; all unless given."
    )
    var over: [DoorKind] = []

    @Option(
        help: ArgumentHelp(
            "The access token of an account to play with, in the place of one that is made. Six times, of six accounts.",
            valueName: "token"))
    var token: [String] = []

    @Option(help: ArgumentHelp("Only frames whose name contains this.", valueName: "text"))
    var only: String?

    func validate() throws {
        guard ServerAddress(self.url) != nil else { throw ValidationError("\(self.url) is no address such as http://host:port.") }
        guard self.token.isEmpty || self.token.count == Person.allCases.count else {
            throw ValidationError("--token is given \(Person.allCases.count) times, or not at all.")
        }
    }

    func run() async throws {
        guard let address = ServerAddress(self.url) else { return }
        let doors = DoorKind.allCases.filter { self.over.isEmpty || self.over.contains($0) }
        let stage = try await self.stage(address, doors[0])
        var tally = Tally(doors)
        try await report {
            try tally.tellDoors()
            for item in GoldenScript.cases where self.isWanted(item.name) { try await tally.play(item, stage) }
            for item in RefusalScript.cases where self.isWanted(item.name) { try await tally.play(item, stage) }
            await stage.close()
            try tally.tellTotals()
        }
        if tally.bad > 0 || tally.good == 0 { throw ExitCode.failure }
    }

    /// What is asked for first: who is played with.
    private func stage(_ address: ServerAddress, _ door: DoorKind) async throws -> Stage {
        let mark = String(UInt32.random(in: 0x10_0000...0xFF_FFFF), radix: 16)
        do {
            return try await Stage(
                address, tokens: self.token, door: door, mark: mark, loop: MultiThreadedEventLoopGroup.singleton.next())
        } catch {
            complain("\(address) cannot be asked: \(error)")
            throw ExitCode(2)
        }
    }

    private func isWanted(_ name: String) -> Bool { self.only.map { name.contains($0) } ?? true }
}
