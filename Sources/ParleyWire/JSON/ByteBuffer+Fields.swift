import NIOCore
import ParleyDomain

/// Fields of objects, each with a comma before it: a frame begins with its type.
extension ByteBuffer {
    /// A frame with the number of a request: the request itself, or its answer.
    mutating func writeRequest(_ type: StaticString, _ id: Int64, _ fill: (inout ByteBuffer) -> Void) {
        self.writeStaticString(#"{"type":""#)
        self.writeStaticString(type)
        self.writeStaticString(#"","id":"#)
        self.writeDecimal(id)
        fill(&self)
        self.writeStaticString("}")
    }

    mutating func writeRequest(
        _ type: StaticString, _ id: Int64, _ conversation: ConversationID, _ fill: (inout ByteBuffer) -> Void
    ) {
        self.writeRequest(type, id) {
            $0.writeField("conversation", conversation)
            fill(&$0)
        }
    }

    private mutating func writeName(_ name: StaticString) {
        self.writeStaticString(",\"")
        self.writeStaticString(name)
        self.writeStaticString("\":")
    }

    mutating func writeField(_ name: StaticString, text: String) {
        self.writeName(name)
        self.writeJSONString(text)
    }

    /// A value that is JSON already.
    mutating func writeField(_ name: StaticString, json: [UInt8]) {
        self.writeName(name)
        self.writeBytes(json)
    }

    /// An identifier needs no escaping by its rule.
    mutating func writeField(_ name: StaticString, _ identifier: some Identifier) {
        self.writeName(name)
        self.writeStaticString("\"")
        self.writeString(identifier.rawValue)
        self.writeStaticString("\"")
    }

    mutating func writeField(_ name: StaticString, _ value: Int64) {
        self.writeName(name)
        self.writeDecimal(value)
    }

    mutating func writeField(_ name: StaticString, _ value: Bool) {
        self.writeName(name)
        self.writeStaticString(value ? "true" : "false")
    }

    mutating func writeField(_ name: StaticString, _ users: [UserID]) {
        self.writeName(name)
        for index in users.indices {
            self.writeStaticString(index == 0 ? "[\"" : ",\"")
            self.writeString(users[index].rawValue)
            self.writeStaticString("\"")
        }
        self.writeStaticString(users.isEmpty ? "[]" : "]")
    }

    mutating func writeField(_ name: StaticString, _ values: [Int64]) {
        self.writeName(name)
        for index in values.indices {
            self.writeStaticString(index == 0 ? "[" : ",")
            self.writeDecimal(values[index])
        }
        self.writeStaticString(values.isEmpty ? "[]" : "]")
    }
}
