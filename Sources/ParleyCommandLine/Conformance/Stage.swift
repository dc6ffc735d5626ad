import NIOCore
import NIOHTTP1
import ParleyClient
import ParleyContract

/// Accounts at the server, and a fresh group for each frame that is played.
final class Stage {
    let people: [Person: Player]
    private let door: DoorKind
    private let address: ServerAddress
    private let loop: any EventLoop
    private var team = ""
    private var teamMessage: Int64 = 0
    private var plays = 0
    private let mark: String

    /// - Parameters:
    ///   - tokens: access tokens of six accounts; none: they are registered.
    ///   - mark: keeps this run from others on the same server.
    init(_ address: ServerAddress, tokens: [String], door: DoorKind, mark: String, loop: any EventLoop) async throws {
        var people: [Person: Player] = [:]
        for (index, person) in Person.allCases.enumerated() {
            var token = tokens.indices.contains(index) ? tokens[index] : ""
            if token.isEmpty {
                let body = #"{"name":"conformance \#(person.rawValue) \#(mark)","password":"conformance-\#(mark)"}"#
                token = try await Self.text(
                    "access_token", HTTPCall(.POST, "/v1/register", body: Array(body.utf8)), address, loop)
            }
            let user = try await Self.text("user", HTTPCall(.GET, "/v1/me", bearer: token), address, loop)
            people[person] = Player(user: user, token: token, address: address, loop: loop)
        }
        self.people = people
        self.door = door
        self.address = address
        self.loop = loop
        self.mark = mark
    }

    private static func text(_ field: String, _ call: HTTPCall, _ address: ServerAddress, _ loop: any EventLoop) async throws
        -> String
    {
        let answer = try await address.perform(call, on: loop).get()
        guard let text = try? JSONNode(object: Array(answer.body.readableBytesView))[field]?.text else {
            throw DoorFailure("\(call.method) \(call.path) gives no \(field): \(String(buffer: answer.body))")
        }
        return text
    }

    func player(_ person: Person) throws -> Player {
        guard let player = self.people[person] else { throw DoorFailure("nobody plays \(person.rawValue)") }
        return player
    }

    /// Shows a credential on a socket of its own: the token or ticket of the golden frame is a player's.
    func logIn(_ player: Player, _ frame: String, over door: DoorKind) async throws -> Reply {
        let socket = try await OpenSocket(self.address, door.subprotocol)
        var frame = frame.replacing("pa1.x.y", with: player.token)
        if frame.contains("pt1.abc") {
            let ticket = try await Self.text(
                "ticket", HTTPCall(.POST, "/v1/ticket", bearer: player.token), self.address, self.loop)
            frame = frame.replacing("pt1.abc", with: ticket)
        }
        let answer = try await socket.ask(frame: frame)
        await socket.close()
        return answer
    }

    func close() async { for player in self.people.values { await player.close() } }

    // MARK: Groups

    /// A group of u1 (its owner), u2 and u3, with five messages, and what the frame needs besides.
    func prepare(_ needs: [Need] = []) async throws -> Cast {
        self.plays += 1
        if self.team.isEmpty {
            self.team = try await self.create(title: "Team", mark: "\(self.mark)t")
            self.teamMessage = try await self.say(.u2, "a word of the team", in: self.team)
        }
        let general = try await self.create(title: "General", mark: "\(self.mark)g\(self.plays)")
        let users = self.people.mapValues(\.user)
        var cast = Cast(
            general: general, team: self.team, users: users, sequences: [9: self.teamMessage], mark: "\(self.mark)\(self.plays)")
        let root = try await self.say(.u1, "a root", in: general)
        cast.sequences[12] = root
        cast.sequences[13] = try await self.say(.u2, "an answer", in: general, #","reply_to":\#(root),"thread":\#(root)"#)
        cast.sequences[40] = try await self.say(needs.contains { $0 == .theirs } ? .u2 : .u1, "the first", in: general)
        let mentions = needs.contains { $0 == .mention } ? #","mentions":["\#(users[.u1] ?? "")"]"# : ""
        _ = try await self.say(.u2, "the second", in: general, content: mentions)
        cast.sequences[42] = try await self.say(.u1, "the third", in: general)
        for need in needs { try await self.meet(need, &cast) }
        cast.sequences[43] = cast.sequences[42]
        cast.sequences[44] = cast.sequences[42]
        let synced = try await self.done(.u1, #"{"type":"sync","id":1}"#)
        cast.epoch = synced["epoch"]?.text ?? ""
        cast.token = synced["token"]?.text ?? ""
        let members = try await self.done(.u1, #"{"type":"members","id":1,"conversation":"\#(general)"}"#)
        cast.version = members["version"]?.text ?? ""
        return cast
    }

    private func meet(_ need: Need, _ cast: inout Cast) async throws {
        let dan = #""user":"\#(cast.users[.u4] ?? "")""#
        let danAlone = #""users":["\#(cast.users[.u4] ?? "")"]"#
        let newest = #""target":\#(cast.sequences[42] ?? 0)"#
        switch need {
        case .theirs, .mention: break
        case .danIsIn: try await self.command(.u1, "add", cast, danAlone)
        case .danIsInvited: try await self.command(.u1, "invite", cast, danAlone)
        case .danIsBanned: try await self.command(.u1, "ban", cast, dan)
        case .danAsks:
            try await self.command(.u1, "change", cast, #""rules":{"join":"approval"}"#)
            try await self.makeLink(&cast)
            let id = "join-\(cast.mark)"
            _ = try await self.done(.u4, #"{"type":"join","id":1,"client_id":"\#(id)","link":"\#(cast.link)"}"#)
        case .link: try await self.makeLink(&cast)
        case .heart: try await self.command(.u1, "react", cast, newest + #","emoji":"\u2764\ufe0f","on":true"#)
        case .thumb: try await self.command(.u2, "react", cast, newest + #","emoji":"👍","on":true"#)
        case .pin: try await self.command(.u1, "pin", cast, newest + #","on":true"#)
        case .edit: try await self.command(.u1, "edit", cast, newest + #","content":{"type":"text","text":"the third, mended"}"#)
        case .reported:
            let sequence = cast.sequences[40] ?? 0
            _ = try await self.done(
                .u2, #"{"type":"report","id":1,"conversation":"\#(cast.general)","sequence":\#(sequence),"reason":"spam"}"#)
        case .data:
            _ = try await self.done(.u1, #"{"type":"data","id":1,"conversation":"\#(cast.general)","data":{"color":"red"}}"#)
            _ = try await self.done(.u1, #"{"type":"data","id":1,"data":{"color":"blue"}}"#)
        case .block: _ = try await self.done(.u1, #"{"type":"block","id":1,"user":"\#(cast.users[.u9] ?? "")","on":true}"#)
        }
    }

    private func makeLink(_ cast: inout Cast) async throws {
        try await self.command(.u1, "link", cast, "")
        let links = try await self.done(.u1, #"{"type":"links","id":1,"conversation":"\#(cast.general)"}"#)
        cast.link = links["links"]?.elements.first?["token"]?.text ?? ""
    }

    private func create(title: String, mark: String) async throws -> String {
        let members = try [Person.u2, .u3].map { "\"\(try self.player($0).user)\"" }.joined(separator: ",")
        let created = try await self.done(
            .u1,
            #"{"type":"create","id":1,"client_id":"create-\#(mark)","kind":"group","title":"\#(title)","members":[\#(members)]}"#)
        guard let id = created["conversation"]?.text else { throw DoorFailure("`create` names no conversation") }
        return id
    }

    /// Returns the sequence.
    private func say(
        _ who: Person, _ text: String, in conversation: String, _ fields: String = "", content: String = ""
    ) async throws -> Int64 {
        self.plays += 1
        let ack = try await self.done(
            who,
            #"{"type":"send","id":1,"conversation":"\#(conversation)","client_id":"say-\#(self.mark)\#(self.plays)"\#(fields),"content":{"type":"text","text":"\#(text)"\#(content)}}"#
        )
        return ack["sequence"]?.number ?? 0
    }

    private func command(_ who: Person, _ type: String, _ cast: Cast, _ fields: String) async throws {
        self.plays += 1
        let id = "\(type)-\(self.mark)\(self.plays)"
        _ = try await self.done(
            who,
            #"{"type":"\#(type)","id":1,"conversation":"\#(cast.general)","client_id":"\#(id)"\#(fields.isEmpty ? "" : ",")\#(fields)}"#
        )
    }

    /// Asks for what must be done before a frame can be played.
    private func done(_ who: Person, _ frame: String) async throws -> JSONNode {
        let reply = try await self.player(who).ask(frame, over: self.door)
        let node = try JSONNode(object: Array(reply.text.utf8))
        guard node["type"]?.text != "error" else { throw DoorFailure("\(frame) was refused: \(reply.text)") }
        return node
    }
}
