import ParleyDomain

/// What one line of an IRC log says.
///
///     [09:56] <cowbud> Agrajag: ati card?                            somebody speaks
///     [02:27]  * Peregrino says Hi!                                  somebody says what he does
///     === Scooter boots his Xbox                                     the same, as older logs have it
///     === vtg [vertigo@alumina.example]  has joined #ubuntu
///     === jcapote [~jcapote@adsl.example]  has left #ubuntu []
///     === smurfslayer is now known as smurfslay
///     === ompaul was kicked off #ubuntu by Seveas (Seveas)
package enum IRCLine: Sendable, Equatable {
    /// - Parameter minute: of the day, 0 to 1,439; nil where the line has no time.
    case says(IRCNick, text: String, minute: Int?)
    case joins(IRCNick)
    case leaves(IRCNick)
    case renames(IRCNick, to: IRCNick)
    case kicked(IRCNick)
    case rejected(Rejection, minute: Int?)

    /// Why a line is not imported.
    package enum Rejection: String, Sendable, CaseIterable {
        case mode = "a mode of the channel"
        case topic = "the topic of the channel"
        case network = "a notice of the network"
        case noText = "no text"
        case tooLong = "longer than 8,000 characters"
        case badNick = "no nick that an account can be made for"
        case malformed = "no line of an IRC log"
        case changed = "stored before with other content"
        case refused = "refused by the group's rules"
    }

    /// Longest line that is looked at, in bytes; a longer one is rejected. 8,000 characters of four bytes fit.
    package static let bytesMax = 32_768

    /// Reads one line, without its end.
    ///
    /// - Parameter known: The accounts of the nicks of this file: tells `=== bur[n] er wonders` (bur[n]er) from `=== [zero] wonders`.
    init(_ bytes: ArraySlice<UInt8>, known: (IRCNick) -> Bool) {
        guard bytes.count <= Self.bytesMax else {
            self = .rejected(.tooLong, minute: nil)
            return
        }
        if bytes.starts(with: Array("=== ".utf8)) {
            self = Self.notice(bytes.dropFirst(4), known)
        } else {
            self = Self.timed(bytes)
        }
    }

    // MARK: Lines with a time

    private static func timed(_ bytes: ArraySlice<UInt8>) -> IRCLine {
        guard let minute = Self.minute(bytes.prefix(7)) else { return .rejected(.malformed, minute: nil) }
        let rest = bytes.dropFirst(7)
        if rest.starts(with: Array(" <".utf8)) {
            guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return .rejected(.malformed, minute: minute) }
            guard let nick = IRCNick(rest[(rest.startIndex + 2)..<end]) else { return .rejected(.badNick, minute: minute) }
            let text = rest[(end + 1)...]
            return Self.speech(nick, text.first == UInt8(ascii: " ") ? text.dropFirst() : text, minute: minute)
        }
        let action = rest.drop { $0 == UInt8(ascii: " ") }
        guard action.startIndex > rest.startIndex, action.starts(with: Array("* ".utf8)) else {
            return .rejected(.malformed, minute: minute)
        }
        guard let nick = IRCNick(action.dropFirst(2).prefix { $0 != UInt8(ascii: " ") }) else {
            return .rejected(.badNick, minute: minute)
        }
        return Self.speech(nick, action, minute: minute)
    }

    /// `[HH:MM]`
    private static func minute(_ bytes: ArraySlice<UInt8>) -> Int? {
        let b = Array(bytes)
        guard b.count == 7, b[0] == UInt8(ascii: "["), b[3] == UInt8(ascii: ":"), b[6] == UInt8(ascii: "]"),
            let hour = Self.number(b[1], b[2]), let minute = Self.number(b[4], b[5]), hour < 24, minute < 60
        else { return nil }
        return hour * 60 + minute
    }

    private static func number(_ tens: UInt8, _ ones: UInt8) -> Int? {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard digits.contains(tens), digits.contains(ones) else { return nil }
        return Int(tens - digits.lowerBound) * 10 + Int(ones - digits.lowerBound)
    }

    private static func speech(_ nick: IRCNick, _ bytes: ArraySlice<UInt8>, minute: Int?) -> IRCLine {
        guard !bytes.isEmpty else { return .rejected(.noText, minute: minute) }
        // Bytes that are no UTF-8 become U+FFFD: better a letter lost than what was said.
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.unicodeScalars.count <= Limits.textCharacters else { return .rejected(.tooLong, minute: minute) }
        return .says(nick, text: text, minute: minute)
    }

    // MARK: Notices

    private static func notice(_ bytes: ArraySlice<UInt8>, _ known: (IRCNick) -> Bool) -> IRCLine {
        if let split = bytes.range(of: " is now known as ") {
            if let old = IRCNick(bytes[..<split.lowerBound]), let new = IRCNick(bytes[split.upperBound...]) {
                return .renames(old, to: new)
            }
        }
        if let nick = Self.nick(in: bytes, before: "has joined #") { return .joins(nick) }
        for words in ["has left #", "has quit"] {
            if let nick = Self.nick(in: bytes, before: words) { return .leaves(nick) }
        }
        if let split = bytes.range(of: " was kicked off #"), let nick = IRCNick(bytes[..<split.lowerBound]) {
            return .kicked(nick)
        }
        if bytes.starts(with: Array("mode/".utf8)) { return .rejected(.mode, minute: nil) }
        if bytes.starts(with: Array("..[topic/".utf8)) { return .rejected(.topic, minute: nil) }
        if let split = bytes.range(of: " changed the topic of #"), IRCNick(bytes[..<split.lowerBound]) != nil {
            return .rejected(.topic, minute: nil)
        }
        for word in ["netjoined: ", "netsplit: "] where bytes.starts(with: Array(word.utf8)) {
            return .rejected(.network, minute: nil)
        }
        guard let nick = Self.actor(bytes, known) else { return .rejected(.malformed, minute: nil) }
        return Self.speech(nick, ArraySlice(Array("* ".utf8) + bytes), minute: nil)
    }

    /// The nick of `NICK [USER@HOST]  has joined #CHANNEL`.
    private static func nick(in bytes: ArraySlice<UInt8>, before words: String) -> IRCNick? {
        guard let end = bytes.range(of: words), let start = bytes.range(of: " ["), start.upperBound <= end.lowerBound else {
            return nil
        }
        let address = bytes[start.upperBound..<end.lowerBound].reversed().drop { $0 == UInt8(ascii: " ") }
        guard address.first == UInt8(ascii: "]") else { return nil }
        return IRCNick(bytes[..<start.lowerBound])
    }

    /// Who does something: the first word, or the first two where the log broke a nick after a bracket.
    private static func actor(_ bytes: ArraySlice<UInt8>, _ known: (IRCNick) -> Bool) -> IRCNick? {
        let words = bytes.split(separator: UInt8(ascii: " "), maxSplits: 2)
        guard let first = words.first, words.count > 1 else { return nil }
        if first.last == UInt8(ascii: "]"), let whole = IRCNick(first + words[1]), known(whole) { return whole }
        return IRCNick(first)
    }
}

extension ArraySlice<UInt8> {
    /// Where these words stand first.
    fileprivate func range(of words: String) -> Range<Int>? {
        let words = Array(words.utf8)
        guard let first = words.first, self.count >= words.count else { return nil }
        var from = self.startIndex
        while let start = self[from...].firstIndex(of: first), start + words.count <= self.endIndex {
            if self[start..<(start + words.count)].elementsEqual(words) { return start..<(start + words.count) }
            from = start + 1
        }
        return nil
    }
}
