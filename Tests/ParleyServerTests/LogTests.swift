import Foundation
import Logging
import Testing

@testable import ParleyServer

@Suite struct LogLineTests {
    /// What people have tried to put into logs: ends of lines, colours, text that runs backwards, quotes, and what is no character.
    private static let evil = [
        "a\r\n2026-01-01T00:00:00.000Z error parley: forged", "\u{1b}[31mred\u{1b}[0m", "\u{9b}2J", "\u{202e}txt.exe",
        "\u{2066}x\u{2069}",
        "a\u{2028}b\u{2029}c\u{85}d", "\u{0}\u{7}\u{8}\u{7f}", #"" level="error"#, #"\",\"level\":\"error"#, "好的 🎉 e\u{301}",
        "\u{feff}\u{200b}",
        "key=value other=value", "",
    ]

    private func line(_ format: LogFormat, _ message: String, _ metadata: Logger.Metadata = [:]) -> String {
        let line = LogLine(format, at: 1_764_109_800_123, .info, logger: "parley", message: message, metadata)
        return String(decoding: line.bytes, as: UTF8.self)
    }

    @Test(arguments: evil) func nothingForgesALineOrSteersATerminal(_ text: String) throws {
        for format in LogFormat.allCases {
            for line in [
                self.line(format, text), self.line(format, "m", ["key": "\(text)"]), self.line(format, "m", [text: "value"]),
            ] {
                let bytes = Array(line.utf8)
                #expect(bytes.last == 0x0A && bytes.dropLast().allSatisfy { (0x20...0x7E).contains($0) }, "\(line)")
            }
        }
        let object = try self.object(self.line(.json, text, ["key": "\(text)"]))
        #expect(object["message"] as? String == text && object["key"] as? String == text)
        #expect(object["level"] as? String == "info" && object["logger"] as? String == "parley")
    }

    private func object(_ line: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    @Test func textIsOneLineThatAPersonReads() {
        #expect(
            self.line(.text, "connection opened", ["b": "two words", "a": "192.0.2.1", "c": .stringConvertible(3)])
                == "2025-11-25T22:30:00.123Z info parley: connection opened a=192.0.2.1 b=\"two words\" c=3\n")
    }

    @Test func jsonHasFieldsOfTheirOwnTypes() throws {
        let object = try self.object(
            self.line(.json, "m", ["count": .stringConvertible(3), "time": "mine", "list": ["a", "b"]]))
        #expect(object["time"] as? String == "2025-11-25T22:30:00.123Z" && object["_time"] as? String == "mine")
        #expect(object["count"] as? Int == 3 && object["list"] as? String == #"["a", "b"]"#)
    }

    @Test func valuesAndFieldsAreBounded() throws {
        let long = String(repeating: "🎉", count: 10_000)
        var metadata: Logger.Metadata = [:]
        for number in 0..<1_000 { metadata["\(number)"] = "\(long)" }
        for format in LogFormat.allCases {
            let line = self.line(format, long, metadata)
            #expect(line.utf8.count < 2 * (LogLine.fieldsMax + 1) * (LogLine.valueBytes + 16))
        }
        let value = try #require(try self.object(self.line(.json, "m", ["key": "\(long)"]))["key"] as? String)
        #expect(value.hasSuffix("🎉...") && value.hasPrefix("🎉"), "cut between characters, and seen to be cut")
    }
}

@Suite struct LogSinkTests {
    /// A pipe whose reading end is looked at when the test says so.
    private struct Reader {
        let pipe = Pipe()
        var file: Int32 { self.pipe.fileHandleForWriting.fileDescriptor }

        /// Writes until nothing more goes in; returns the bytes.
        func fill() throws -> Int {
            let flags = fcntl(self.file, F_GETFL)
            try #require(fcntl(self.file, F_SETFL, flags | O_NONBLOCK) == 0)
            var count = 0
            while write(self.file, [UInt8(ascii: "x")], 1) == 1 { count += 1 }
            try #require(fcntl(self.file, F_SETFL, flags) == 0)
            return count
        }

        func lines() throws -> [String] {
            try self.pipe.fileHandleForWriting.close()
            let data = try self.pipe.fileHandleForReading.readToEnd() ?? Data()
            return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
        }
    }

    @Test func linesComeInOrderAndAreAllThereAtTheEnd() throws {
        let reader = Reader()
        let sink = LogSink(file: reader.file, format: .text)
        for number in 0..<500 { sink.queue(Array("line \(number)\n".utf8)) }
        sink.flush(milliseconds: 10_000)
        #expect(try reader.lines() == (0..<500).map { "line \($0)" } && sink.dropped == 0)
    }

    /// F40: a log that nobody reads holds nobody up.
    @Test func whoLogsNeverWaitsForWhoReads() throws {
        let reader = Reader()
        let full = try reader.fill()
        let sink = LogSink(file: reader.file, format: .json, linesMax: 4)
        // The first is what the thread waits with, and four wait behind it.
        for number in 0..<1_000 { sink.queue(Array("line \(number)\n".utf8)) }
        #expect((995...996).contains(sink.dropped))
        sink.flush(milliseconds: 1)
        _ = try reader.pipe.fileHandleForReading.read(upToCount: full)
        sink.flush(milliseconds: 10_000)
        let dropped = sink.dropped
        sink.queue(Array("the last\n".utf8))
        sink.flush(milliseconds: 10_000)
        let lines = try reader.lines()
        #expect(lines.contains("line 0") && lines.last == "the last" && sink.dropped == dropped)
        #expect(lines.contains { $0.contains(#""message":"lines were dropped here","lines":"#) })
    }
}
