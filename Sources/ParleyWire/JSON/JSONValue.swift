import ParleyDomain

/// Reading scalar values out of bytes that `JSONScanner` has checked.
package enum JSONValue {
    /// The integer written there; nil where it is not a plain integer within ±(2^53 - 1), so that every language reads it alike.
    package static func integer(_ bytes: Span<UInt8>, at range: ByteRange) -> Int64? {
        var index = range.start
        let negative = index < range.end && bytes[index] == UInt8(ascii: "-")
        if negative { index += 1 }
        guard index < range.end, range.end - index <= 16 else { return nil }
        var value: Int64 = 0
        while index < range.end {
            let byte = bytes[index]
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
            index += 1
        }
        guard value < 1 << 53 else { return nil }
        // -0 is refused: some readers make a floating-point number of it.
        return negative ? (value == 0 ? nil : -value) : value
    }

    /// The integer of a number, or of a string that holds nothing but the same digits: no sign, no leading zero, no escape.
    static func digits(_ bytes: Span<UInt8>, at field: JSONField) -> Int64? {
        guard field.kind == .string else { return self.integer(bytes, at: field.value) }
        let inside = ByteRange(start: field.value.start + 1, end: field.value.end - 1)
        guard inside.count == 1 || (inside.count > 1 && bytes[inside.start] != UInt8(ascii: "0")) else { return nil }
        return self.integer(bytes, at: inside)
    }

    /// How many Unicode scalar values the string there has, quotes left out.
    package static func scalarCount(_ bytes: Span<UInt8>, at range: ByteRange) -> Int {
        var count = 0
        var index = range.start + 1
        while index < range.end - 1 {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\\") {
                count += 1
                if bytes[index + 1] == UInt8(ascii: "u") {
                    // A pair of escapes is one scalar; the scanner made sure that the second one is there.
                    let high = bytes[index + 2] | 0x20 == UInt8(ascii: "d") && (hexDigit(bytes[index + 3]) ?? 0) >= 8
                    index += high ? 12 : 6
                } else {
                    index += 2
                }
            } else {
                // Bytes 10xxxxxx continue a scalar that was counted at its first byte.
                if byte & 0xC0 != 0x80 { count += 1 }
                index += 1
            }
        }
        return count
    }

    /// The string there, escapes resolved.
    package static func string(_ bytes: Span<UInt8>, at range: ByteRange) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(range.count)
        var index = range.start + 1
        while index < range.end - 1 {
            let byte = bytes[index]
            guard byte == UInt8(ascii: "\\") else {
                out.append(byte)
                index += 1
                continue
            }
            switch bytes[index + 1] {
            case UInt8(ascii: "u"):
                var scalar = Self.unit(bytes, at: index + 2)
                index += 6
                if (0xD800...0xDBFF).contains(scalar) {
                    scalar = 0x10000 + (scalar - 0xD800) << 10 + (Self.unit(bytes, at: index + 2) - 0xDC00)
                    index += 6
                }
                if let scalar = Unicode.Scalar(scalar) { out.append(contentsOf: Array(String(Character(scalar)).utf8)) }
                continue
            case UInt8(ascii: "b"): out.append(0x08)
            case UInt8(ascii: "f"): out.append(0x0C)
            case UInt8(ascii: "n"): out.append(0x0A)
            case UInt8(ascii: "r"): out.append(0x0D)
            case UInt8(ascii: "t"): out.append(0x09)
            case let other: out.append(other)
            }
            index += 2
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The text between the quotes if it is 1 to 64 bytes of an identifier's alphabet; nil otherwise.
    package static func identifier(_ bytes: Span<UInt8>, at range: ByteRange) -> String? {
        let count = range.count - 2
        guard count >= 1, count <= 64 else { return nil }
        for index in range.start + 1..<range.end - 1 where !isIdentifierByte(bytes[index]) { return nil }
        return String(unsafeUninitializedCapacity: count) { target in
            for offset in 0..<count { target[offset] = bytes[range.start + 1 + offset] }
            return count
        }
    }

    /// A copy of the bytes of a value.
    package static func copy(_ bytes: Span<UInt8>, at range: ByteRange) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: range.count) { target, count in
            for offset in 0..<range.count { target[offset] = bytes[range.start + offset] }
            count = range.count
        }
    }

    private static func unit(_ bytes: Span<UInt8>, at index: Int) -> UInt32 {
        var unit: UInt32 = 0
        for offset in 0..<4 { unit = unit << 4 | (hexDigit(bytes[index + offset]) ?? 0) }
        return unit
    }
}
