/// What a person does at a terminal.
enum Key: Sendable, Equatable {
    /// Printable characters, as many as came together.
    case text(String)
    /// Pasted: may hold line breaks, and means nothing but itself.
    case paste(String)
    case enter
    /// A line break inside a message: Alt-Enter.
    case lineBreak
    case tab
    case backspace
    case delete
    case left, right, wordLeft, wordRight
    case home, end
    case up, down
    case pageUp, pageDown
    case nextConversation, previousConversation
    case escape
    /// A letter with Control, in lower case.
    case control(Character)
}

/// Makes keys of a terminal's bytes, in pieces of any size (ECMA-48 sequences, UTF-8, bracketed paste).
///
/// Whatever comes, it holds at most a sequence and a paste; what it does not know it passes over.
struct KeyDecoder: Sendable, Equatable {
    /// The longest sequence that is looked at, in bytes.
    static let sequenceBytes = 32
    /// The longest paste, in bytes; what is above is left out.
    static let pasteBytes = 65_536

    private var pending: [UInt8] = []
    private var paste: Paste?
    private static let pasteEnd = Array("\u{1B}[201~".utf8)

    /// Whether it holds the beginning of something: call `flush` when nothing more comes for a moment.
    var isWaiting: Bool { !self.pending.isEmpty }

    mutating func decode(_ bytes: some Sequence<UInt8>) -> [Key] {
        var keys: [Key] = []
        var text: [UInt8] = []
        for byte in bytes {
            if self.paste != nil {
                if let text = self.take(pasted: byte) { keys.append(.paste(text)) }
                continue
            }
            if self.pending.isEmpty, byte >= 0x20, byte != 0x7F {
                text.append(byte)
                continue
            }
            Self.put(&text, into: &keys, &self.pending)
            self.pending.append(byte)
            self.look(&keys)
        }
        Self.put(&text, into: &keys, &self.pending)
        return keys
    }

    /// Nothing more comes: an Escape alone was the key.
    mutating func flush() -> [Key] {
        let pending = self.pending
        self.pending = []
        return pending == [0x1B] ? [.escape] : []
    }

    /// Gives the characters that are whole; the beginning of one waits for its rest.
    private static func put(_ text: inout [UInt8], into keys: inout [Key], _ pending: inout [UInt8]) {
        guard !text.isEmpty else { return }
        let rest = Self.unfinished(text)
        if text.count > rest {
            keys.append(.text(String(decoding: text.dropLast(rest), as: UTF8.self)))
        }
        pending.append(contentsOf: text.suffix(rest))
        text = []
    }

    /// How many bytes at the end begin a character that is not whole.
    private static func unfinished(_ text: [UInt8]) -> Int {
        for back in 1...3 where text.count >= back {
            let byte = text[text.count - back]
            if byte & 0xC0 == 0x80 { continue }
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return length > back ? back : 0
        }
        return 0
    }

    // MARK: Sequences

    private mutating func look(_ keys: inout [Key]) {
        guard let first = self.pending.first else { return }
        if first >= 0x80 {
            // The rest of a character; a byte that is none of its own ends it.
            let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
            let broken = (self.pending.last ?? 0) & 0xC0 != 0x80 && self.pending.count > 1
            guard broken || self.pending.count >= length else { return }
            let last = broken ? self.pending.removeLast() : nil
            keys.append(.text(String(decoding: self.pending, as: UTF8.self)))
            self.pending = []
            if let last { keys.append(contentsOf: self.decode(CollectionOfOne(last))) }
            return
        }
        guard first == 0x1B else {
            self.pending = []
            if let key = Self.control(first) { keys.append(key) }
            return
        }
        guard self.pending.count > 1 else { return }
        guard self.pending.count <= Self.sequenceBytes else { return self.pending = [] }
        switch self.pending[1] {
        case UInt8(ascii: "["), UInt8(ascii: "O"): self.sequence(&keys)
        case 0x0D, 0x0A:
            self.pending = []
            keys.append(.lineBreak)
        case UInt8(ascii: "b"), UInt8(ascii: "f"):
            keys.append(self.pending[1] == UInt8(ascii: "b") ? .wordLeft : .wordRight)
            self.pending = []
        case 0x1B:
            self.pending = [0x1B]
            keys.append(.escape)
        default: self.pending = []
        }
    }

    /// A sequence ends with a byte from 0x40 to 0x7E; what is no byte of one breaks it off.
    private mutating func sequence(_ keys: inout [Key]) {
        guard self.pending.count > 2, let last = self.pending.last else { return }
        guard (0x20...0x7E).contains(last) else {
            self.pending = []
            keys.append(contentsOf: self.decode(CollectionOfOne(last)))
            return
        }
        guard last >= 0x40 else { return }
        let body = String(decoding: self.pending[2...], as: UTF8.self)
        self.pending = []
        if body == "200~" {
            self.paste = Paste()
        } else if let key = Self.keys[body] {
            keys.append(key)
        }
    }

    private static let keys: [String: Key] = [
        "A": .up, "B": .down, "C": .right, "D": .left, "H": .home, "F": .end, "1~": .home, "7~": .home, "4~": .end, "8~": .end,
        "3~": .delete, "5~": .pageUp, "6~": .pageDown, "1;5C": .wordRight, "1;5D": .wordLeft, "1;3C": .wordRight,
        "1;3D": .wordLeft, "1;3A": .previousConversation, "1;3B": .nextConversation, "1;5A": .previousConversation,
        "1;5B": .nextConversation, "13;2u": .lineBreak, "1;2A": .pageUp, "1;2B": .pageDown,
    ]

    private static func control(_ byte: UInt8) -> Key? {
        switch byte {
        case 0x0D: .enter
        case 0x09: .tab
        case 0x7F, 0x08: .backspace
        case 0x0A: .enter
        case 0x01...0x1A: .control(Character(Unicode.Scalar(byte + 0x60)))
        default: nil
        }
    }

    /// Takes a byte of a paste; the whole of it at its end.
    private mutating func take(pasted byte: UInt8) -> String? {
        guard var paste = self.paste else { return nil }
        paste.count += 1
        if paste.bytes.count < Self.pasteBytes { paste.bytes.append(byte) }
        paste.newest = paste.newest.suffix(Self.pasteEnd.count - 1) + [byte]
        guard paste.newest.elementsEqual(Self.pasteEnd) else {
            self.paste = paste
            return nil
        }
        self.paste = nil
        let leftOut = paste.count - paste.bytes.count
        return String(decoding: paste.bytes.dropLast(max(0, Self.pasteEnd.count - leftOut)), as: UTF8.self)
    }

    private struct Paste: Sendable, Equatable {
        var bytes: [UInt8] = []
        /// All that came, kept or not.
        var count = 0
        /// The last of them, as many as the mark of the end has.
        var newest: ArraySlice<UInt8> = []
    }
}
