import ParleyDomain
import ParleyWire

/// The content of a forwarded message: the original's, and whose it was.
enum ForwardedContent {
    /// The original calls people of its own conversation, with the rights that its sender has there: the copy calls nobody.
    private static let left: Set<String> = ["mentions", "mention_all"]

    /// A message that was forwarded before keeps its first author.
    ///
    /// - Throws: `no_message` where the content is withheld, `too_long` where the copy would be longer than a content may be.
    static func make(of entry: Entry) throws(Refusal) -> [UInt8] {
        var fields: [JSONField] = []
        var place = ""
        do throws(JSONFault) {
            try JSONScanner.fields(of: entry.content.span, within: .answers, into: &fields, place: &place)
        } catch {
            throw Refusal(.noMessage, field: "from")
        }
        var copy: [UInt8] = []
        var isForwarded = false
        for field in fields {
            let key = entry.content[field.key.start..<field.key.end]
            let name = field.name(entry.content.span)
            if self.left.contains(name) { continue }
            if name == "forwarded" { isForwarded = true }
            copy += "\(copy.isEmpty ? "{" : ",")\"".utf8
            copy += key
            copy += "\":".utf8
            copy += entry.content[field.value.start..<field.value.end]
        }
        if !isForwarded { copy += #","forwarded":{"sender":"\#(entry.sender)","time":\#(entry.time)}"#.utf8 }
        copy.append(UInt8(ascii: "}"))
        guard copy.count <= Limits.contentBytes else {
            throw Refusal(.tooLong, field: "from", rule: "at most \(Limits.contentBytes) bytes of content with whose it was")
        }
        return copy
    }
}
