import ParleyDomain

/// CRC-32 (the polynomial of zlib and Ethernet), eight bytes a step.
struct Checksum {
    /// Eight tables of 256: table k answers for a byte with k bytes after it in the step.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for index in 0..<256 {
            var value = UInt32(index)
            for _ in 0..<8 { value = value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
            tables[index] = value
        }
        for index in 256..<tables.count {
            let before = tables[index - 256]
            tables[index] = tables[Int(before & 0xFF)] ^ (before >> 8)
        }
        return tables
    }()

    private var state: UInt32 = 0xFFFF_FFFF

    var value: UInt32 { ~self.state }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        Self.tables.withUnsafeBufferPointer { tables in
            var index = 0
            while index &+ 8 <= bytes.count {
                self.step(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)), tables)
                index &+= 8
            }
            while index < bytes.count {
                self.state = tables[Int((self.state ^ UInt32(bytes[index])) & 0xFF)] ^ (self.state >> 8)
                index &+= 1
            }
        }
    }

    mutating func add(_ numbers: [Int64]) {
        Self.tables.withUnsafeBufferPointer { tables in
            for number in numbers { self.step(UInt64(bitPattern: number), tables) }
        }
    }

    mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { self.add(UnsafeRawBufferPointer($0)) }
    }

    /// Every index is a byte plus the start of its table, so it is below 2,048 whatever the data.
    @inline(__always)
    private mutating func step(_ word: UInt64, _ tables: UnsafeBufferPointer<UInt32>) {
        let low = UInt32(truncatingIfNeeded: word) ^ self.state
        let high = UInt32(truncatingIfNeeded: word >> 32)
        let first = tables[1792 + Int(low & 0xFF)] ^ tables[1536 + Int((low >> 8) & 0xFF)]
        let second = tables[1280 + Int((low >> 16) & 0xFF)] ^ tables[1024 + Int(low >> 24)]
        let third = tables[768 + Int(high & 0xFF)] ^ tables[512 + Int((high >> 8) & 0xFF)]
        let fourth = tables[256 + Int((high >> 16) & 0xFF)] ^ tables[Int(high >> 24)]
        self.state = first ^ second ^ third ^ fourth
    }
}

extension Entry {
    /// The sum over everything that is stored of the entry, its names included, so that a flipped bit in any table that
    /// the answer is made of shows (R96). Lengths come first, and whether a thread follows: no two entries give the same bytes, and
    /// those without a thread give what they gave before there were threads.
    var checksum: UInt32 {
        var sum = Checksum()
        sum.add([
            Int64(Self.formatVersion) | Int64(self.kind.rawValue) << 8 | Int64(self.conversation.rawValue.utf8.count) << 16
                | Int64(self.sender.rawValue.utf8.count) << 24 | Int64(self.clientID.rawValue.utf8.count) << 32
                | (self.thread == 0 ? 0 : 1 << 40),
            Int64(self.content.count), self.sequence, self.id, self.time, self.messageOrdinal, self.senderOrdinal, self.relatesTo,
        ])
        if self.thread != 0 { sum.add([self.thread]) }
        sum.add(self.conversation.rawValue)
        sum.add(self.sender.rawValue)
        sum.add(self.clientID.rawValue)
        self.content.withUnsafeBytes { sum.add($0) }
        return sum.value
    }
}
