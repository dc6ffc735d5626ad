/// What can be typed after a slash.
enum ChatCommand: Sendable, Equatable {
    case help
    case list
    case open(String)
    case direct(String)
    case group(title: String, names: [String])
    case add([String])
    case invite([String])
    case members
    /// 0: the newest message of one's own.
    case who(Int64)
    case history
    case reply(Int64, String)
    case react(Int64, String, on: Bool)
    case edit(Int64, String)
    case recall(Int64)
    case report(Int64, String)
    case title(String)
    case join(String)
    case accept(String)
    case decline(String)
    case leave
    case retry
    case quit

    /// Name, what follows it, and what it does. The order is that of `/help`.
    static let table: [(name: String, usage: String, help: String)] = [
        ("help", "", "these lines"), ("list", "", "your conversations, with what is unread"),
        ("open", "NAME", "shows a conversation; a number of /list will do"), ("dm", "NAME", "a conversation with one person"),
        ("group", "\"TITLE\" [NAME ...]", "makes a group"), ("add", "NAME ...", "makes people members"),
        ("invite", "NAME ...", "invites people"), ("members", "", "who is in it"),
        ("who", "[N]", "who has read your message N, and who has not"), ("history", "", "older messages (Page Up does it too)"),
        ("reply", "N TEXT", "answers message N"), ("react", "N EMOJI", "reacts to it"), ("unreact", "N EMOJI", "takes that back"),
        ("edit", "[N] TEXT", "changes a message of yours"), ("recall", "[N]", "takes one back"),
        ("report", "N REASON", "tells the administrators of it"), ("title", "TITLE", "renames the group"),
        ("join", "LINK", "comes in by a link"), ("accept", "[NAME]", "accepts an invitation"),
        ("decline", "[NAME]", "declines it"),
        ("leave", "", "leaves the group"), ("retry", "", "connects now"), ("quit", "", "ends the program"),
    ]

    /// Commands whose first word is the name of a conversation.
    static let takingConversations: Set<String> = ["open", "accept", "decline"]
    /// Commands whose words are names of people.
    static let takingPeople: Set<String> = ["dm", "group", "add", "invite"]

    struct Failure: Error, Equatable { var text: String }

    /// Reads a line that begins with a slash.
    static func parse(_ line: String) throws(Failure) -> ChatCommand {
        let (name, rest) = Self.split(line.dropFirst())
        guard let row = Self.table.first(where: { $0.name == name }) else {
            throw Failure(text: "There is no /\(name.prefix(40)). /help lists what there is; // sends a line that begins with /.")
        }
        guard let command = Self.make(name, rest) else { throw Failure(text: "That is /\(row.name) \(row.usage)") }
        return command
    }

    private static func make(_ name: String, _ rest: String) -> ChatCommand? {
        let words = Self.words(rest)
        switch name {
        case "help": return .help
        case "list": return .list
        case "open": return rest.isEmpty ? nil : .open(words.joined(separator: " "))
        case "dm": return words.isEmpty ? nil : .direct(words.joined(separator: " "))
        case "group": return words.first.map { .group(title: $0, names: Array(words.dropFirst())) }
        case "add": return words.isEmpty ? nil : .add(words)
        case "invite": return words.isEmpty ? nil : .invite(words)
        case "members": return .members
        case "history": return .history
        case "title": return rest.isEmpty ? nil : .title(words.count == 1 ? words[0] : rest)
        case "join": return words.count == 1 ? .join(words[0]) : nil
        case "accept": return .accept(words.joined(separator: " "))
        case "decline": return .decline(words.joined(separator: " "))
        case "leave": return .leave
        case "retry": return .retry
        case "quit": return .quit
        default: return Self.make(aboutMessage: name, rest)
        }
    }

    private static func make(aboutMessage name: String, _ rest: String) -> ChatCommand? {
        let (first, text) = Self.split(rest[...])
        let number = Self.number(first)
        switch name {
        case "who": return rest.isEmpty ? .who(0) : number.flatMap { text.isEmpty ? .who($0) : nil }
        case "recall": return rest.isEmpty ? .recall(0) : number.flatMap { text.isEmpty ? .recall($0) : nil }
        case "edit":
            if let number, !text.isEmpty { return .edit(number, text) }
            return rest.isEmpty ? nil : .edit(0, rest)
        case "reply": return number.flatMap { text.isEmpty ? nil : .reply($0, text) }
        case "report": return number.flatMap { text.isEmpty ? nil : .report($0, text) }
        case "react", "unreact":
            return number.flatMap { text.isEmpty || text.contains(" ") ? nil : .react($0, text, on: name == "react") }
        default: return nil
        }
    }

    /// The number of a message, with or without a `#`.
    private static func number(_ word: String) -> Int64? {
        let digits = word.hasPrefix("#") ? word.dropFirst() : word[...]
        guard digits.count <= 15, let number = Int64(digits), number > 0 else { return nil }
        return number
    }

    /// The first word, and what follows it.
    private static func split(_ text: Substring) -> (String, String) {
        let end = text.firstIndex { $0.isWhitespace } ?? text.endIndex
        return (String(text[..<end]), String(text[end...].drop { $0.isWhitespace }))
    }

    /// Words; those with spaces stand in double quotes.
    static func words(_ text: String) -> [String] {
        var words: [String] = []
        var (word, isQuoted, isWord) = ("", false, false)
        for character in text {
            if character == "\"" {
                isQuoted.toggle()
                isWord = true
            } else if character.isWhitespace, !isQuoted {
                if isWord { words.append(word) }
                (word, isWord) = ("", false)
            } else {
                word.append(character)
                isWord = true
            }
        }
        if isWord { words.append(word) }
        return words.filter { !$0.isEmpty }
    }

    /// As a word of a command.
    static func quoted(_ word: String) -> String { word.contains(where: \.isWhitespace) ? "\"\(word)\"" : word }
}
