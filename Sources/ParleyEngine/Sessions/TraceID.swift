/// What names a request or a connection across programs: the trace id of W3C's trace context (level 1), which OpenTelemetry uses too.
/// It stands in each log line of that request or connection, and in no frame.
package struct TraceID: Sendable, Equatable, CustomStringConvertible {
    private var high: UInt64
    private var low: UInt64

    /// Of what has no trace: the one id that the standard forbids.
    package static let none = TraceID(high: 0, low: 0)

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static func random() -> TraceID {
        TraceID(high: .random(in: 1 ... .max), low: .random(in: .min ... .max))
    }

    /// The trace that a client's header `traceparent` names: version 00, `00-` 32 `-` 16 `-` 2 hexadecimal digits in lower case,
    /// neither of the two ids all zeros. Nil for anything else: a header that is wrong in one place is believed in none.
    package init?(traceparent text: String) {
        let bytes = Array(text.utf8)
        let dash = UInt8(ascii: "-")
        guard bytes.count == 55, bytes.starts(with: "00-".utf8), bytes[35] == dash, bytes[52] == dash,
            let high = Self.number(bytes[3..<19]), let low = Self.number(bytes[19..<35]), high | low != 0,
            let parent = Self.number(bytes[36..<52]), parent != 0, Self.number(bytes[53..<55]) != nil
        else { return nil }
        self.init(high: high, low: low)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt64(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): number = number << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return number
    }

    /// 32 hexadecimal digits.
    package var description: String { Self.digits(self.high) + Self.digits(self.low) }

    private static func digits(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
