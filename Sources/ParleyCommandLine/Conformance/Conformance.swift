import ArgumentParser
import NIOPosix
import ParleyClient
import ParleyContract
import ParleyDomain

struct Conformance: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Plays the golden frames against a server, and says which answers are not as documented.",
        discussion: """
            Each frame of docs/golden/client.txt is sent in a group made for it: first over one door, then again over the others. All
            answers must be as the schema says, name what the request named, and be the same byte for byte. Then wrong frames: each must
            get its documented number. Makes six accounts on the server unless --token is given. A line for each frame; exit status 1
            where one is not as documented, 2 where the server cannot be asked.

            Example: parley conformance http://127.0.0.1:8480
            """)

    @Argument(help: "The server's address.")
    var url: String

    @Option(
        help: "socket, http (POST /v1/request) or path (POST /v1/requests/{type}). May be given several times; all unless given.")
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
        let mark = String(UInt32.random(in: 0x10_0000...0xFF_FFFF), radix: 16)
        var tally = Tally()
        do {
            let stage = try await Stage(
                address, tokens: self.token, door: doors[0], mark: mark, loop: MultiThreadedEventLoopGroup.singleton.next())
            for item in GoldenScript.cases where self.isWanted(item.name) { await tally.play(item, stage, doors) }
            for item in RefusalScript.cases where self.isWanted(item.name) { await tally.play(item, stage, doors) }
            await stage.close()
        } catch {
            complain("\(address) cannot be asked: \(error)")
            throw ExitCode(2)
        }
        say("\(tally.good) as documented, \(tally.bad) not")
        if tally.bad > 0 || tally.good == 0 { throw ExitCode.failure }
    }

    private func isWanted(_ name: String) -> Bool { self.only.map { name.contains($0) } ?? true }
}

/// Plays one case after the other, and counts.
private struct Tally {
    var good = 0
    var bad = 0

    private mutating func tell(_ name: String, _ said: String, _ faults: [String]) {
        if faults.isEmpty { self.good += 1 } else { self.bad += 1 }
        let padded = name + String(repeating: " ", count: max(1, 40 - name.count))
        say((faults.isEmpty ? "ok    " : "FAIL  ") + padded + said)
        for fault in faults { say("      " + fault) }
    }

    /// A golden frame: what it means over each door is the same.
    mutating func play(_ item: GoldenCase, _ stage: Stage, _ doors: [DoorKind]) async {
        let doors = item.onlySocket ? doors.filter { $0 == .socket } : doors
        guard !doors.isEmpty else { return }
        var faults: [String] = []
        var first: Reply?
        do {
            let cast = try await stage.prepare(item.needs)
            let frame = cast.playing(item.frame)
            let player = try stage.player(item.by)
            for door in doors {
                let reply: Reply
                if frame.hasPrefix(#"{"type":"auth""#) {
                    reply = Reply(text: try await stage.logIn(player, frame), status: nil)
                } else {
                    reply = try await player.ask(frame, over: door)
                }
                if let fault = try Judge.fault(of: reply, to: frame) {
                    faults.append("\(door): \(fault): \(frame) -> \(reply.text)")
                }
                if let first, !Judge.same(first, reply) {
                    faults.append("\(door) says otherwise: \(first.text) -> \(reply.text)")
                }
                first = first ?? reply
            }
        } catch {
            faults.append("\(error)")
        }
        let type = first.flatMap { try? JSONNode(object: Array($0.text.utf8)) }?["type"]?.text ?? ""
        self.tell(item.name, "\(type) (\(doors.map(\.rawValue).joined(separator: ", ")))", faults)
    }

    /// A wrong frame: its number is the documented one over each door.
    mutating func play(_ item: RefusalCase, _ stage: Stage, _ doors: [DoorKind]) async {
        let doors = doors.filter { item.doors.contains($0) }
        guard !doors.isEmpty else { return }
        var faults: [String] = []
        do {
            for door in doors {
                let cast = try await stage.prepare(item.needs)
                if let first = item.first {
                    let reply = try await stage.player(first.by).ask(cast.playing(first.frame), over: door)
                    if let fault = try Judge.fault(of: reply, to: cast.playing(first.frame)) {
                        faults.append("\(door), first: \(fault)")
                    }
                }
                let reply = try await stage.player(item.by).ask(cast.playing(item.frame), over: door)
                if let fault = Judge.fault(of: reply, to: item) { faults.append("\(door): \(fault): \(reply.text)") }
            }
        } catch {
            faults.append("\(error)")
        }
        self.tell(item.name, "\(item.code.rawValue) \(item.code.name) (\(doors.map(\.rawValue).joined(separator: ", ")))", faults)
    }
}
