import Foundation
import NIOCore
import ParleyDomain
import ParleyWire
import Testing

@testable import ParleyCommandLine

/// What `parley conformance` plays and how it judges; `verify/contract` lets it play against servers.
@Suite struct ConformanceTests {
    @Test func everyGoldenFrameIsPlayed() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "docs/golden/client.txt"), encoding: .utf8)
        let golden = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
            $0.split(separator: "\t", maxSplits: 1).map(String.init)
        }
        let played = Dictionary(uniqueKeysWithValues: GoldenScript.cases.map { ($0.name, $0.frame) })
        #expect(played.count == GoldenScript.cases.count)
        for line in golden { #expect(played[line[0]] == line[1], "\(line[0])") }
        #expect(played.count == golden.count)
    }

    private static let cast = Cast(
        general: "g1", team: "g2", users: [.u1: "a", .u2: "b", .u4: "d"], sequences: [42: 7, 40: 5, 9: 3], link: "n.s",
        epoch: "E",
        token: "1.5", version: "1.6", mark: "m1")

    @Test(arguments: [
        (
            #"{"type":"edit","id":7,"conversation":"general","client_id":"e1","target":42,"content":{"type":"text","text":"42"}}"#,
            #"{"type":"edit","id":7,"conversation":"g1","client_id":"e1-m1","target":7,"content":{"type":"text","text":"42"}}"#
        ),
        (
            #"{"type":"forward","conversation":"general","client_id":"e6","from":{"conversation":"team","sequence":9}}"#,
            #"{"type":"forward","conversation":"g1","client_id":"e6-m1","from":{"conversation":"g2","sequence":3}}"#
        ),
        (#"{"type":"receipts","sequences":[40,42]}"#, #"{"type":"receipts","sequences":[5,7]}"#),
        (#"{"type":"add","users":["u4","u2"]}"#, #"{"type":"add","users":["d","b"]}"#),
        (#"{"link":"k7.x2"} {"link":"k7"}"#, #"{"link":"n.s"} {"link":"n"}"#),
        (#"{"epoch":"e7","token":"1.88213","version":"1.88213"}"#, #"{"epoch":"E","token":"1.5","version":"1.6"}"#),
        (#"{"until":1767229200000,"target":421}"#, #"{"until":4102444800000,"target":421}"#),
    ])
    func goldenNamesStandForRealOnes(_ golden: String, _ played: String) {
        #expect(Self.cast.playing(golden) == played)
    }

    private static let frame = #"{"type":"send","id":7,"conversation":"c","client_id":"k","content":{"type":"text","text":"x"}}"#

    private static func ack(_ id: Int = 7, _ conversation: String = "c", _ extra: String = "") -> String {
        #"{"type":"ack","id":\#(id),"conversation":"\#(conversation)","client_id":"k","sequence":3,"message":"9","time":1\#(extra)}"#
    }

    @Test func anAnswerAsDocumentedHasNoFault() throws {
        #expect(try Judge.fault(of: Reply(text: Self.ack(), status: nil), to: Self.frame) == nil)
        #expect(try Judge.fault(of: Reply(text: Self.ack(), status: 200), to: Self.frame) == nil)
    }

    @Test(arguments: [
        (ack(8), 200), (ack(7, "d"), 200), (ack(7, "c", #","more":true"#), 200), (ack(), 201), (#"{"type":"ok","id":7}"#, 200),
        (#"{"type":"event"}"#, 200), ("nothing", 200),
        (#"{"type":"created","id":7,"conversation":"c","client_id":"k","sequence":1}"#, 200),
    ])
    func anyOtherAnswerIsAFault(_ text: String, _ status: Int) throws {
        #expect(try Judge.fault(of: Reply(text: text, status: status), to: Self.frame) != nil)
    }

    private static func refusal(_ code: Int, _ name: String, _ field: String) -> String {
        #"{"type":"error","id":7,"code":\#(code),"name":"\#(name)","message":"m","field":"\#(field)","retry":"never"}"#
    }

    @Test func aRefusalIsComparedByNumberNameFieldAndStatus() throws {
        let wanted = RefusalCase("x", "{}", .tooLong, "content.text")
        func fault(_ text: String, _ status: Int? = nil) throws -> String? {
            try Judge.fault(of: Reply(text: text, status: status), to: wanted)
        }
        #expect(try fault(Self.refusal(40005, "too_long", "content.text")) == nil)
        #expect(try fault(Self.refusal(40005, "too_long", "content.text"), 400) == nil)
        #expect(try fault(Self.refusal(40005, "too_long", "content.text"), 404) != nil)
        #expect(try fault(Self.refusal(40004, "out_of_range", "content.text")) != nil)
        #expect(try fault(Self.refusal(40005, "too_short", "content.text")) != nil)
        #expect(try fault(Self.refusal(40005, "too_long", "text")) != nil)
        #expect(try fault(Self.ack()) != nil)
    }

    @Test func aSocketEndsWithTheDocumentedCodeWhereItMust() throws {
        let wanted = RefusalCase("x", "{}", .notJSON)
        let text = Self.refusal(40000, "not_json", "x")
        #expect(try Judge.fault(of: Reply(text: text, closed: 4400), to: wanted) == nil)
        #expect(try Judge.fault(of: Reply(text: text), to: wanted) != nil)
        #expect(try Judge.fault(of: Reply(text: text, closed: 1002), to: wanted) != nil)
        #expect(try Judge.fault(of: Reply(text: text, status: 400), to: wanted) == nil)
        #expect(try Judge.fault(of: Reply(text: "", closed: 4400), to: wanted) == nil)
        #expect(try Judge.fault(of: Reply(text: "", closed: 1006), to: wanted) != nil)
    }

    @Test func twoAnswersAreTheSameByteForByteButForTheClock() {
        func same(_ one: String, _ other: String) -> Bool { Judge.same(Reply(text: one), Reply(text: other, status: 200)) }
        #expect(same(Self.ack(), Self.ack()))
        #expect(!same(Self.ack(), Self.ack() + " "))
        #expect(same(#"{"type":"pong","id":1,"time":5}"#, #"{"type":"pong","id":1,"time":6}"#))
        #expect(!same(#"{"type":"pong","id":1,"time":5}"#, #"{"type":"pong","id":2,"time":5}"#))
    }

    private static func binary(_ json: String) throws -> Reply {
        try Reply(binary: ByteBuffer(bytes: BinaryEncoder.item(of: Array(json.utf8))))
    }

    @Test func anAnswerInTheBinaryEncodingIsComparedByValue() throws {
        let text = #"{"type":"page","id":1,"entries":[{"content":{"type":"text","text":"\u00e9 \"q\"","n":1.50}}]}"#
        #expect(Judge.same(Reply(text: text), try Self.binary(text)))
        #expect(!Judge.same(Reply(text: text.replacing("1.50", with: "1.5")), try Self.binary(text)))
        #expect(!Judge.same(try Self.binary(Self.ack(7)), try Self.binary(Self.ack(8))))
        #expect(try Judge.fault(of: Self.binary(Self.ack()), to: Self.frame) == nil)
    }

    @Test func aNameThatIsWrittenAsATextIsNotTheServersForm() throws {
        // {"type":"pong","id":1,"time":5}, with `id` as a text in the second.
        let sound: [UInt8] = [0xA3, 0x00, 0x41, 0x7D, 0x01, 0x01, 0x08, 0x05]
        let spelled: [UInt8] = [0xA3, 0x00, 0x41, 0x7D, 0x62, 0x69, 0x64, 0x01, 0x08, 0x05]
        #expect(try Judge.fault(inFormOf: Reply(binary: ByteBuffer(bytes: sound))) == nil)
        #expect(try Judge.fault(inFormOf: Reply(binary: ByteBuffer(bytes: spelled))) != nil)
    }
}
