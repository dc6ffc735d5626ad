/// The bytes of a receipt record. Numbers are little endian.
///
/// ```
/// bitmap   maxid 4 B | read bits, ceil(maxid / 8) B | quit bits, as many         54 B at 200 members (R44)
/// list     maxid 4 B | rest 1 B | n 4 B | n slots, 4 B each | further slots       flag: the top bit of maxid is set (R47)
/// ```
///
/// maxid is at most 2^31-1, so its top bit is free for the flag. Bit m-1, least significant first, is slot m. A list leaves
/// out the largest of the three states, `rest` (0 unread, 1 read, 2 quit: what is neither listed nor the sender), and has the
/// slots of the other two, ascending, in the order of these numbers; n is the length of the first. So it is short for few readers, for
/// few who have not read, and for a group of few members that many have passed through (section 3.6 of the articles).
extension ReceiptRecord {
    package enum Encoding: Sendable, CaseIterable { case bitmap, list }

    /// Why bytes are not a record.
    package enum DecodingFault: Error, Sendable, Equatable {
        /// Too short, too long, or not as long as maxid and counts say.
        case length
        /// maxid is 0 or above the largest slot of the conversation.
        case lastSlot
        /// The sender's slot is above maxid, or he is said to have read or quit.
        case sender
        /// A bit above maxid is set.
        case strayBits
        /// `rest` is none of the three states.
        case rest
        /// A listed slot is 0 or above maxid.
        case slotOutOfRange
        /// A list is not strictly ascending.
        case unsorted
        /// A slot has both read and quit, or is in both lists.
        case twoStates
    }

    private static let flag: UInt32 = 1 << 31
    private static let listHeaderBytes = 9

    /// The shorter of the two encodings; the bitmap if they are equal.
    package var encoded: [UInt8] { self.encoded(as: self.listBytes < self.bitmapBytes ? .list : .bitmap) }

    package func encoded(as encoding: Encoding) -> [UInt8] {
        var bytes: [UInt8] = []
        switch encoding {
        case .bitmap:
            bytes.reserveCapacity(self.bitmapBytes)
            Self.append(UInt32(clamping: self.lastSlot), to: &bytes)
            bytes += self.readBits
            bytes += self.quitBits
        case .list:
            bytes.reserveCapacity(self.listBytes)
            Self.append(UInt32(clamping: self.lastSlot) | Self.flag, to: &bytes)
            let rest = self.largest
            bytes.append(rest.rawValue)
            let lists = Self.listed(besides: rest).map(self.slots)
            Self.append(UInt32(clamping: lists.first?.count ?? 0), to: &bytes)
            for slot in lists.joined() { Self.append(UInt32(clamping: slot), to: &bytes) }
        }
        return bytes
    }

    private var bitmapBytes: Int { 4 + self.readBits.count + self.quitBits.count }

    private var listBytes: Int { Self.listHeaderBytes + 4 * (Int(self.lastSlot) - 1 - self.count(self.largest)) }

    private func count(_ state: State) -> Int {
        switch state {
        case .unread: self.unread
        case .read: self.read
        case .quit: Int(self.lastSlot) - 1 - self.total
        case .sender: 1
        }
    }

    /// The state that most slots have: the one that a list leaves out.
    private var largest: State {
        let (unread, read, quit) = (self.count(.unread), self.count(.read), self.count(.quit))
        if unread >= read, unread >= quit { return .unread }
        return read >= quit ? .read : .quit
    }

    private static func listed(besides rest: State) -> [State] { [.unread, .read, .quit].filter { $0 != rest } }

    private static func append(_ number: UInt32, to bytes: inout [UInt8]) {
        for shift in [0, 8, 16, 24] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    // MARK: Decoding

    /// Reads either encoding. Strict: what `encoded(as:)` would not write is refused, but for the choice of `rest`.
    ///
    /// - Parameters:
    ///   - senderSlot: who sent the message.
    ///   - limit: the largest slot of the conversation now. Bounds the memory that a few bytes can ask for, to about limit / 2 bytes.
    package init(decoding bytes: [UInt8], senderSlot: Int32, lastSlotAtMost limit: Int32) throws(DecodingFault) {
        guard bytes.count >= 4 else { throw .length }
        let header = Self.number(bytes, at: 0)
        guard let lastSlot = Int32(exactly: header & ~Self.flag), lastSlot >= 1, lastSlot <= limit else { throw .lastSlot }
        guard senderSlot >= 1, senderSlot <= lastSlot else { throw .sender }
        let (read, quit) =
            header & Self.flag == 0
            ? try Self.bitmaps(bytes, lastSlot: lastSlot) : try Self.lists(bytes, lastSlot: lastSlot, senderSlot: senderSlot)
        guard !Self.bit(senderSlot, in: read), !Self.bit(senderSlot, in: quit) else { throw .sender }
        self.init(lastSlot: lastSlot, senderSlot: senderSlot, readBits: read, quitBits: quit)
    }

    private static func bitmaps(_ bytes: [UInt8], lastSlot: Int32) throws(DecodingFault) -> ([UInt8], [UInt8]) {
        let size = (Int(lastSlot) + 7) / 8
        guard bytes.count == 4 + 2 * size else { throw .length }
        let read = Array(bytes[4..<4 + size])
        let quit = Array(bytes[(4 + size)...])
        let used = (Int(lastSlot) - 1) % 8 + 1
        guard let lastRead = read.last, let lastQuit = quit.last, UInt32(lastRead | lastQuit) >> UInt32(used) == 0 else {
            throw .strayBits
        }
        guard zip(read, quit).allSatisfy({ $0 & $1 == 0 }) else { throw .twoStates }
        return (read, quit)
    }

    private static func lists(_ bytes: [UInt8], lastSlot: Int32, senderSlot: Int32) throws(DecodingFault) -> ([UInt8], [UInt8]) {
        guard bytes.count >= self.listHeaderBytes, (bytes.count - self.listHeaderBytes) % 4 == 0 else { throw .length }
        guard let rest = State(rawValue: bytes[4]), rest != .sender else { throw .rest }
        let first = Int(self.number(bytes, at: 5))
        let count = (bytes.count - self.listHeaderBytes) / 4
        guard first <= count else { throw .length }
        let empty = [UInt8](repeating: 0, count: (Int(lastSlot) + 7) / 8)
        var listed = [State.unread: empty, .read: empty, .quit: empty]
        let states = Self.listed(besides: rest)
        for (state, range) in zip(states, [0..<first, first..<count]) {
            listed[state] = try self.bits(bytes, range, lastSlot: lastSlot)
        }
        let (unread, read, quit) = (listed[.unread] ?? empty, listed[.read] ?? empty, listed[.quit] ?? empty)
        guard zip(unread, zip(read, quit)).allSatisfy({ $0 & $1.0 | $0 & $1.1 | $1.0 & $1.1 == 0 }) else { throw .twoStates }
        guard !self.bit(senderSlot, in: unread) else { throw .sender }
        guard rest != .unread else { return (read, quit) }
        var others = zip(unread, rest == .read ? quit : read).map { ~($0 | $1) }
        let used = (Int(lastSlot) - 1) % 8 + 1
        others[others.count - 1] &= UInt8(truncatingIfNeeded: (1 << UInt32(used)) - 1)
        others[Int(senderSlot - 1) >> 3] &= ~(1 << UInt8((senderSlot - 1) & 7))
        return rest == .read ? (others, quit) : (read, others)
    }

    /// The listed slots of one state as bits.
    private static func bits(_ bytes: [UInt8], _ range: Range<Int>, lastSlot: Int32) throws(DecodingFault) -> [UInt8] {
        var bits = [UInt8](repeating: 0, count: (Int(lastSlot) + 7) / 8)
        var last: UInt32 = 0
        for place in range {
            let slot = self.number(bytes, at: self.listHeaderBytes + 4 * place)
            guard slot >= 1, slot <= UInt32(clamping: lastSlot) else { throw .slotOutOfRange }
            guard slot > last else { throw .unsorted }
            last = slot
            bits[Int(slot - 1) >> 3] |= 1 << UInt8((slot - 1) & 7)
        }
        return bits
    }

    /// Four bytes; the caller has checked that they are there.
    private static func number(_ bytes: [UInt8], at offset: Int) -> UInt32 {
        UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8 | UInt32(bytes[offset + 2]) << 16 | UInt32(bytes[offset + 3]) << 24
    }
}
