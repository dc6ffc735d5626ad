package import NIOCore
package import ParleyDomain

extension ByteBuffer {
    /// Writes an integer in decimal digits, without making a String of it.
    package mutating func writeDecimal(_ value: Int64) {
        if value < 0 { self.writeInteger(UInt8(ascii: "-")) }
        var rest = value.magnitude
        // 20 digits hold any UInt64. They are made from the last one on.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var start = 20
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            self.writeBytes(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(digits)[start..<20]))
        }
    }

    /// Writes a JSON string, quotes included. Only what JSON demands is escaped.
    package mutating func writeJSONString(_ text: String) {
        self.writeString(ControlContent.quoted(text))
    }

    /// Writes bytes in base64 with padding (RFC 4648, section 4), without quotes.
    package mutating func writeBase64(_ bytes: [UInt8]) {
        let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            // Three bytes are four digits of six bits; what is missing at the end is zero, and padded.
            var bits: UInt32 = 0
            for byte in group { bits = bits << 8 | UInt32(byte) }
            bits <<= UInt32(3 - group.count) * 8
            for digit in 0..<4 {
                let value = Int(bits >> UInt32(18 - 6 * digit) & 63)
                self.writeInteger(digit <= group.count ? alphabet.utf8Start[value] : UInt8(ascii: "="))
            }
        }
    }

    mutating func writeHeads(_ heads: [(ConversationID, Int64)]) {
        self.writeStaticString("{")
        for index in heads.indices {
            self.writeStaticString(index > 0 ? ",\"" : "\"")
            self.writeString(heads[index].0.rawValue)
            self.writeStaticString("\":")
            self.writeDecimal(heads[index].1)
        }
        self.writeStaticString("}")
    }

    /// An error object, the same over the socket and over HTTP.
    package mutating func writeError(id: Int64?, _ refusal: Refusal) {
        self.writeStaticString(#"{"type":"error""#)
        if let id {
            self.writeStaticString(#","id":"#)
            self.writeDecimal(id)
        }
        self.writeStaticString(#","code":"#)
        self.writeDecimal(Int64(refusal.code.rawValue))
        self.writeStaticString(#","name":""#)
        self.writeString(refusal.code.name)
        self.writeStaticString(#"","message":"#)
        self.writeJSONString(refusal.message)
        if !refusal.field.isEmpty {
            self.writeStaticString(#","field":"#)
            self.writeJSONString(refusal.field)
        }
        if !refusal.rule.isEmpty {
            self.writeStaticString(#","rule":"#)
            self.writeJSONString(refusal.rule)
        }
        self.writeStaticString(#","retry":""#)
        self.writeString(refusal.code.retry.rawValue)
        self.writeStaticString("\"")
        if refusal.retryMilliseconds > 0 {
            self.writeStaticString(#","retry_ms":"#)
            self.writeDecimal(Int64(refusal.retryMilliseconds))
        }
        self.writeStaticString("}")
    }
}
