import NIOCore
import ParleyDomain
import ParleyWire

/// The content of a forwarded message: the original's, and whose it was.
enum ForwardedContent {
    /// Nil where the copy would be longer than a content may be. A message that was forwarded before keeps its first author.
    static func make(of entry: Entry) -> [UInt8]? {
        guard entry.content.last == UInt8(ascii: "}") else { return nil }
        if self.names(in: entry.content).contains("forwarded") { return entry.content }
        let origin = #","forwarded":{"sender":"\#(entry.sender)","time":\#(entry.time)}}"#
        let content = entry.content.dropLast() + Array(origin.utf8)
        return content.count <= Limits.contentBytes ? Array(content) : nil
    }

    private static func names(in content: [UInt8]) -> [String] {
        var fields: [JSONField] = []
        var place = ""
        guard (try? JSONScanner.fields(of: content.span, within: .answers, into: &fields, place: &place)) != nil else {
            return []
        }
        return fields.map { $0.name(content.span) }
    }
}
