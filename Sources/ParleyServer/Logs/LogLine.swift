import Logging

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

package enum LogFormat: String, Sendable, CaseIterable {
    /// `2026-11-25T22:30:00.123Z info parley: connection opened address=192.0.2.1 connection=5f3a0001`
    case text
    /// One JSON object a line, with the same fields by their names.
    case json
}

/// One line of the log, as bytes. Whatever stands in it is printable ASCII; all else is written as JSON escapes it, so that nothing
/// which came from outside can end a line, begin another, or steer the terminal on which it is read (A50).
struct LogLine {
    /// The longest value, name and message, in bytes as they are written; what is longer is cut.
    static let valueBytes = 512
    /// The most fields; those that come later by name are left out.
    static let fieldsMax = 24

    private(set) var bytes: [UInt8] = []

    /// - Parameter time: in milliseconds since 1970.
    init(
        _ format: LogFormat, at time: Int64, _ level: Logger.Level, logger: String, message: String, _ metadata: Logger.Metadata
    ) {
        self.bytes.reserveCapacity(256)
        let fields = metadata.sorted { $0.key < $1.key }.prefix(Self.fieldsMax)
        switch format {
        case .text:
            self.bytes += "\(Self.time(time)) \(level.rawValue) ".utf8
            self.append(logger)
            self.bytes += ": ".utf8
            self.append(message)
            for (name, value) in fields {
                self.bytes.append(UInt8(ascii: " "))
                self.append(Self.plain(name))
                self.bytes.append(UInt8(ascii: "="))
                self.appendWord("\(value)")
            }
        case .json:
            self.bytes += #"{"time":"\#(Self.time(time))","level":"\#(level.rawValue)","logger":"#.utf8
            self.appendQuoted(logger)
            self.bytes += #","message":"#.utf8
            self.appendQuoted(message)
            for (name, value) in fields {
                self.bytes += ",".utf8
                self.appendQuoted(Self.own.contains(name) ? "_" + name : name)
                self.bytes += ":".utf8
                self.append(value)
            }
            self.bytes.append(UInt8(ascii: "}"))
        }
        self.bytes.append(UInt8(ascii: "\n"))
    }

    /// The fields that every line has.
    private static let own: Set<String> = ["time", "level", "logger", "message"]

    /// As RFC 3339 has it, in UTC.
    static func time(_ milliseconds: Int64) -> String {
        var seconds = time_t(milliseconds / 1_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func digits(_ number: Int, _ count: Int) -> String {
            let text = "\(number)"
            return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
        }
        let day = "\(digits(Int(parts.tm_year) + 1_900, 4))-\(digits(Int(parts.tm_mon) + 1, 2))-\(digits(Int(parts.tm_mday), 2))"
        let clock = "\(digits(Int(parts.tm_hour), 2)):\(digits(Int(parts.tm_min), 2)):\(digits(Int(parts.tm_sec), 2))"
        return "\(day)T\(clock).\(digits(Int(milliseconds % 1_000), 3))Z"
    }

    /// A name without what would make it look like something else.
    private static func plain(_ name: String) -> String {
        String(decoding: name.utf8.map { Self.isPlain($0) ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-_.:/@+".utf8.contains(byte)
        }
    }

    /// Integers as they are, everything else as a string.
    private mutating func append(_ value: Logger.MetadataValue) {
        if case .stringConvertible(let number as any BinaryInteger) = value {
            self.bytes += "\(number)".utf8
        } else {
            self.appendQuoted("\(value)")
        }
    }

    /// In quotes, unless it is one plain word.
    private mutating func appendWord(_ text: String) {
        let isWord = !text.isEmpty && text.utf8.count <= Self.valueBytes && text.utf8.allSatisfy { Self.isPlain($0) }
        if isWord { self.bytes += text.utf8 } else { self.appendQuoted(text) }
    }

    private mutating func appendQuoted(_ text: String) {
        self.bytes.append(UInt8(ascii: "\""))
        self.append(text)
        self.bytes.append(UInt8(ascii: "\""))
    }

    private mutating func append(_ text: String) {
        let end = self.bytes.count + Self.valueBytes
        for character in text.unicodeScalars {
            let room = end - self.bytes.count
            // The longest escape has twelve bytes.
            guard room >= 12 + 3 else {
                self.bytes += "...".utf8
                return
            }
            switch character {
            case "\"", "\\":
                self.bytes.append(UInt8(ascii: "\\"))
                self.bytes.append(UInt8(truncatingIfNeeded: character.value))
            case " "..."~": self.bytes.append(UInt8(truncatingIfNeeded: character.value))
            default:
                for unit in String(character).utf16 {
                    let hex = String(unit, radix: 16)
                    self.bytes += "\\u\(String(repeating: "0", count: 4 - hex.utf8.count))\(hex)".utf8
                }
            }
        }
    }
}
