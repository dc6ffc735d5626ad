import NIOCore
import ParleyDomain
import ParleyTestKit
import ParleyWire
import Testing

/// What a client says is what the server reads, and the other way round.
@Suite struct ClientWireTests {
    @Test(arguments: [
        ClientFrame.auth(.token("pa1.x")), .auth(.ticket("pt1.\"x\"")),
        .command(.send("c", "m1", content: Array(#"{"type":"text","text":"hi"}"#.utf8), relatesTo: 0)),
        .command(.send("c", "m1", content: Array(#"{"type":"text","text":"hi","x":[1]}"#.utf8), relatesTo: 7)),
        .command(.add("c", "m2", users: ["u1", "u2"])), .command(.remove("c", "m3", user: "u1")), .command(.leave("c", "m4")),
        .create("m5", NewConversation(kind: .group, title: "A \"title\"", memberCap: 7, historyVisible: false), members: ["u1"]),
        .create("m5", NewConversation(kind: .group, title: "T"), members: ["u1", "u2"]),
        .create("m6", NewConversation(kind: .direct, title: "", memberCap: 2), members: ["u1"]),
        .history("c", .after(0), limit: 50), .history("c", .before(.max), limit: 1), .history("c", .before(9), limit: 200),
        .sync(SyncRequest(epoch: "", token: .start, positions: [:])),
        .sync(SyncRequest(epoch: "e", token: SyncToken(stamps: [5]), positions: ["c": 0, "d": 9])),
        .read("c", read: 4, delivered: 4), .read("c", read: 0, delivered: 4), .members("c", afterSlot: 0, limit: 9),
        .users(["u1"]), .ping,
    ])
    func requests(_ frame: ClientFrame) throws {
        var buffer = ByteBuffer()
        RequestEncoder().encode(ClientRequest(id: 3, frame: frame), into: &buffer)
        var decoder = FrameDecoder()
        #expect(try decoder.decode(buffer) == ClientRequest(id: 3, frame: frame), "\(String(buffer: buffer))")
    }

    @Test(arguments: [
        (
            #"{"type":"hello","protocol":"parley.json.1","epoch":"e","heartbeat_ms":30000,"auth_ms":5000,"limits":{"requests_in_flight":8}}"#,
            ServerFrame.hello(Hello(epoch: "e", heartbeatMilliseconds: 30_000, requestsInFlight: 8))
        ),
        (#"{"type":"ready","id":1,"user":"u1","name":"Ann","session":"s1","connection":"c4f"}"#, .ready(id: 1, user: "u1")),
        (
            #"{"type":"event","conversation":"c","sequence":43,"message":"17","kind":"sung","sender":"u2","client_id":"x1","time":5,"content":{"a":1}}"#,
            .event(
                "c",
                ReceivedEntry(
                    sequence: 43, id: "17", kind: nil, sender: "u2", clientID: "x1", time: 5, content: Array(#"{"a":1}"#.utf8)))
        ),
        (
            #"{"type":"heartbeat","time":5,"heads":{"c":43,"d":1},"new":[{}]}"#,
            .heartbeat(time: 5, heads: [KnownHead("c", 43), KnownHead("d", 1)])
        ),
        (#"{"type":"behind","heads":{}}"#, .behind(heads: [])),
        (#"{"type":"heads","heads":{"c":97}}"#, .heads([KnownHead("c", 97)])),
        (#"{"type":"reconnect","after_ms":1200}"#, .reconnect(afterMilliseconds: 1_200)),
        (#"{"type":"poke","id":9,"x":{}}"#, .other(type: "poke", id: 9)),
        (
            #"{"type":"error","id":7,"code":49999,"name":"new","message":"m","retry":"tomorrow"}"#,
            .error(id: 7, ReceivedError(code: 49_999, name: "new", message: "m", retry: .later))
        ),
    ])
    func frames(_ text: String, _ expected: ServerFrame) throws {
        var decoder = ServerFrameDecoder()
        #expect(try decoder.decode(ByteBuffer(string: text)) == expected)
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"type":"ack"}"#, #"{"type":"event","conversation":"c"}"#,
        #"{"type":"page","id":1,"conversation":"c","entries":[1],"head":1}"#,
        #"{"type":"heartbeat","time":1,"heads":{"c":-1}}"#, #"{"type":"ok","id":1,"id":2}"#,
    ])
    func broken(_ text: String) {
        var decoder = ServerFrameDecoder()
        #expect(throws: DecodeFailure.self) { try decoder.decode(ByteBuffer(string: text)) }
    }
}
