import ParleyDomain

extension JSONField {
    /// The key, escapes resolved.
    package func name(_ bytes: Span<UInt8>) -> String { JSONValue.string(bytes, at: self.quotedKey) }

    /// The key as a string, quotes included.
    package var quotedKey: ByteRange { ByteRange(start: self.key.start - 1, end: self.key.end + 1) }

    /// Whether the key is this one, however it is spelled.
    func isNamed(_ name: StaticString, _ bytes: Span<UInt8>) -> Bool {
        guard self.isEscaped else { return equals(bytes, self.key, name) }
        return self.name(bytes).utf8.elementsEqual(name.description.utf8)
    }

    fileprivate func isNamed(as other: JSONField, _ bytes: Span<UInt8>) -> Bool {
        guard !self.isEscaped, !other.isEscaped else {
            return self.name(bytes).utf8.elementsEqual(other.name(bytes).utf8)
        }
        guard self.key.count == other.key.count else { return false }
        for offset in 0..<self.key.count where bytes[self.key.start + offset] != bytes[other.key.start + offset] { return false }
        return true
    }

    /// Swift's hash, which has a seed of the process: nobody can choose keys that meet.
    fileprivate func hash(_ bytes: Span<UInt8>) -> UInt32 {
        var hasher = Hasher()
        if self.isEscaped {
            Array(self.name(bytes).utf8).withUnsafeBytes { hasher.combine(bytes: $0) }
        } else {
            bytes.extracting(self.key.start..<self.key.end).withUnsafeBytes { hasher.combine(bytes: $0) }
        }
        return UInt32(truncatingIfNeeded: hasher.finalize())
    }
}

/// Tells whether a key stands twice in one object: few keys are compared with each other, many are found by their hashes. So the time that
/// an object takes grows with its length, whatever its keys are.
struct JSONKeys {
    /// Up to here comparing costs less than hashing.
    private static let compared = 16

    /// A hash table: the hash of a key in the lower half, and above it the number of its field, from 1 on; 0 where nothing stands.
    private var slots: [UInt64] = []

    /// Whether one of the fields has the key of this one, which is the next in the object.
    mutating func repeats(_ next: JSONField, after fields: Span<JSONField>, _ bytes: Span<UInt8>) -> Bool {
        guard fields.count >= Self.compared else {
            for index in fields.indices where fields[index].isNamed(as: next, bytes) { return true }
            return false
        }
        if self.slots.isEmpty {
            self.slots = [UInt64](repeating: 0, count: Self.compared * 4)
            for index in fields.indices { self.put(Self.slot(fields[index].hash(bytes), index)) }
        } else if fields.count * 2 >= self.slots.count {
            let old = self.slots
            self.slots = [UInt64](repeating: 0, count: old.count * 2)
            for slot in old where slot != 0 { self.put(slot) }
        }
        let slot = Self.slot(next.hash(bytes), fields.count)
        var place = self.place(of: slot)
        while self.slots[place] != 0 {
            let other = self.slots[place]
            if UInt32(truncatingIfNeeded: other) == UInt32(truncatingIfNeeded: slot),
                fields[Int(other >> 32) - 1].isNamed(as: next, bytes)
            {
                return true
            }
            place = (place + 1) & (self.slots.count - 1)
        }
        self.slots[place] = slot
        return false
    }

    private static func slot(_ hash: UInt32, _ index: Int) -> UInt64 { UInt64(index + 1) << 32 | UInt64(hash) }

    /// Where a key of this hash is looked for first.
    private func place(of slot: UInt64) -> Int { Int(UInt32(truncatingIfNeeded: slot)) & (self.slots.count - 1) }

    private mutating func put(_ slot: UInt64) {
        var place = self.place(of: slot)
        while self.slots[place] != 0 { place = (place + 1) & (self.slots.count - 1) }
        self.slots[place] = slot
    }
}
