import Foundation
import NIOCore
import ParleyDomain
import ParleyWire
import Testing

@Suite struct GoldenFrameTests {
    @Test func everyGoldenRequestDecodesToItsMeaning() throws {
        var decoder = FrameDecoder()
        let golden = try GoldenFrames.read("client.txt")
        #expect(Set(golden.map(\.name)) == Set(GoldenRequests.all.keys))
        for (name, frame) in golden {
            let request = try decoder.decode(ByteBuffer(string: frame))
            #expect(request.frame == GoldenRequests.all[name], "\(name)")
        }
    }

    /// What the client library writes means the same, and no field of it is another's.
    @Test func everyRequestIsEncodedToItsMeaning() throws {
        var decoder = FrameDecoder()
        for (name, frame) in GoldenRequests.all {
            var buffer = ByteBuffer()
            RequestEncoder().encode(ClientRequest(id: 3, frame: frame), into: &buffer)
            let text = String(buffer: buffer)
            #expect(try decoder.decode(buffer) == ClientRequest(id: 3, frame: frame), "\(name): \(text)")
        }
    }

    @Test func everyGoldenAnswerIsEncodedByteForByte() throws {
        let golden = try GoldenFrames.read("server.txt")
        let made = GoldenAnswers.all
        #expect(Set(golden.map(\.name)) == Set(made.keys))
        for (name, frame) in golden { #expect(made[name] == frame, "\(name)") }
    }

    @Test func theClientLibraryTakesEveryGoldenAnswer() throws {
        var decoder = ServerFrameDecoder()
        let frames = try Dictionary(
            uniqueKeysWithValues: GoldenFrames.read("server.txt").map {
                ($0.name, try decoder.decode(ByteBuffer(string: $0.frame)))
            })
        let general = GoldenAnswers.general
        var edit = ReceivedEntry(GoldenAnswers.entry(57, id: 3, client: "e1", kind: .edit, relatesTo: 42))
        #expect(frames["event-edit"] == .event(general, edit))
        (edit.content, edit.withheld) = ([], true)
        #expect(frames["event-withheld"] == .event(general, edit))
        let page = GoldenAnswers.changedPage
        let entries = page.entries.map { ReceivedEntry($0, state: page.states[$0.sequence]) }
        #expect(frames["page-changed"] == .page(id: 9, general, ReceivedPage(entries: entries, head: 44, more: true)))
        #expect(entries.map(\.withheld) == [false, false, true, false])
        #expect(frames["heads"] == .heads([KnownHead(general, 97)]))
        #expect(frames["typing"] == .typing(general, [UserID(trusted: "u2")]))
        #expect(
            frames["presence-pushed"] == .presence(id: nil, [PresenceLine(user: UserID(trusted: "u3"), online: true)]))
        guard case .receipts(nil, general, let counts)? = frames["receipts-pushed"] else {
            Issue.record("no receipts")
            return
        }
        #expect(counts.map(\.counts.read) == [3, 0])
        guard case .synced(_, let reply)? = frames["synced-changed"] else {
            Issue.record("no reply")
            return
        }
        #expect(reply.conversations.map(\.isMember) == [true, true, false, false, false])
        #expect(reply.conversations.map(\.title) == ["General", "", "Secret", "Secret", ""])
    }

    @Test func aRecordIsWrittenInBase64() throws {
        for length in 0...64 {
            let record = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 251) }
            var encoder = FrameEncoder()
            var buffer = ByteBuffer()
            encoder.receiptRecord(id: 1, GoldenAnswers.general, sequence: 1, record, into: &buffer)
            let text = try #require(String(buffer: buffer).components(separatedBy: #""record":""#).last).dropLast(2)
            #expect(Data(base64Encoded: String(text)) == Data(record))
        }
    }

    /// What PROTOCOL.md shows is what the decoder takes, wherever the example has no "..." in it.
    @Test func theRequestsOfTheDocumentDecode() throws {
        var decoder = FrameDecoder()
        let examples = try Self.examples(of: "client")
        for frame in examples { _ = try decoder.decode(ByteBuffer(string: frame)) }
        #expect(examples.count == 37)
    }

    @Test func theAnswersOfTheDocumentDecode() throws {
        var decoder = ServerFrameDecoder()
        let examples = try Self.examples(of: "server")
        for frame in examples { _ = try decoder.decode(ByteBuffer(string: frame)) }
        #expect(examples.count == 21)
    }

    /// The frames after `client` or `server` in the document, without the remarks beside them.
    private static func examples(of side: String) throws -> [String] {
        let text = try String(contentsOf: GoldenFrames.root.appending(path: "docs/PROTOCOL.md"), encoding: .utf8)
        return try text.split(separator: "\n").filter { $0.hasPrefix(side + "  {") && !$0.contains("...") }.map { line in
            let frame = String(line.dropFirst(side.count + 2)).components(separatedBy: "   ")[0]
            return String(frame[...(try #require(frame.lastIndex(of: "}")))])
        }
    }

    @Test func theDocumentsErrorTableIsTheCodes() throws {
        let text = try String(contentsOf: GoldenFrames.root.appending(path: "docs/PROTOCOL.md"), encoding: .utf8)
        #expect(text.contains(ErrorTable.markdown))
    }

    @Test func theWebClientsErrorTableIsTheCodes() throws {
        let text = try String(contentsOf: GoldenFrames.root.appending(path: "Web/app/codec/errors.js"), encoding: .utf8)
        #expect(text == ErrorTable.javaScript)
    }
}
