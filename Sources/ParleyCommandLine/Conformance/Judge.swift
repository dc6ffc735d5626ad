import ParleyContract
import ParleyDomain
import ParleyWire

/// Compares answers with what the contract says of them.
enum Judge {
    /// What is wrong with the answer to a golden frame; nil for nothing.
    static func fault(of reply: Reply, to frame: String) throws -> String? {
        let asked = try JSONNode(object: Array(frame.utf8))
        if let code = reply.closed { return "the socket ended with \(code)" }
        guard let node = try? JSONNode(object: Array(reply.text.utf8)) else { return "no JSON object" }
        if let fault = try Contract.fault(inServerFrame: node) ?? self.fault(inFormOf: reply) { return fault }
        let type = node["type"]?.text ?? ""
        let answers = Contract.request(asked["type"]?.text ?? "")?.answers ?? []
        guard answers.contains(type) else { return "answered by \(type), not by \(answers.joined(separator: " or "))" }
        guard reply.status ?? 200 == 200 else { return "status \(reply.status ?? 0) with \(type)" }
        for name in ["id", "conversation", "client_id", "emoji", "list"] {
            if let sent = asked[name], let told = node[name], sent != told { return "\(name) is not the request's" }
        }
        return asked["id"] == node["id"] ? nil : "id is not the request's"
    }

    /// What is wrong with the refusal of a wrong frame; nil for nothing.
    static func fault(of reply: Reply, to refusal: RefusalCase) throws -> String? {
        // A frame that is not even read whole, or not as text, ends the socket at once.
        if reply.text.isEmpty, let code = reply.closed {
            return refusal.code.closes && code == refusal.code.closeCode ? nil : "the socket ended with \(code)"
        }
        guard let node = try? JSONNode(object: Array(reply.text.utf8)) else { return "no JSON object" }
        if let fault = try Contract.fault(inServerFrame: node) ?? self.fault(inFormOf: reply) { return fault }
        guard node["type"]?.text == "error", let code = node["code"]?.number else { return "it was not refused" }
        let wanted = refusal.code
        guard code == Int64(wanted.rawValue) else { return "refused with \(code), not \(wanted.rawValue) \(wanted.name)" }
        guard node["name"]?.text == wanted.name, node["retry"]?.text == wanted.retry.rawValue else {
            return "name or retry of another error"
        }
        if let field = refusal.field, node["field"]?.text != field {
            return "names \(node["field"]?.text ?? "no field"), not \(field)"
        }
        if reply.status == nil, reply.closed != (wanted.closes ? wanted.closeCode : nil) {
            return "the socket ended with \(reply.closed.map { "\($0)" } ?? "nothing"), not with \(wanted.closeCode)"
        }
        if let status = reply.status, status != wanted.httpStatus { return "status \(status), not \(wanted.httpStatus)" }
        return nil
    }

    /// What is wrong with the bytes of an answer in the binary encoding, which was read; nil for nothing. A server writes each value
    /// in its one form, names as their numbers too where a client may write texts.
    static func fault(inFormOf reply: Reply) throws(JSONFault) -> String? {
        guard let bytes = reply.bytes, try BinaryEncoder.item(of: Array(reply.text.utf8)) != bytes else { return nil }
        return "not in the one form of the binary encoding"
    }

    /// What is of the moment or of the connection in an answer, by its type.
    private static let varying: [String: Set<String>] = ["pong": ["time"], "ready": ["connection"]]

    /// Whether two answers to one frame say the same: byte for byte as JSON, value for value over two encodings.
    static func same(_ one: Reply, _ other: Reply) -> Bool {
        guard one.text != other.text else { return true }
        guard let node = try? JSONNode(object: Array(one.text.utf8)), let type = node["type"]?.text,
            let second = try? JSONNode(object: Array(other.text.utf8))
        else { return false }
        let varying = self.varying[type]
        guard varying != nil || (one.bytes == nil) != (other.bytes == nil) else { return false }
        func compared(_ node: JSONNode) -> [JSONNode.Member] {
            node.members.map { varying?.contains($0.name) == true ? .init($0.name, .null) : $0 }
        }
        return compared(node) == compared(second)
    }
}
