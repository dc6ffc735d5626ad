import NIOCore
import ParleyClient
import ParleyDomain
import ParleyWire
import Testing

@testable import ParleyCommandLine

/// The chat without a terminal and without a server.
private struct Room {
    static let group = ConversationID(trusted: "g1")
    static let ann = UserID(trusted: "u1")
    static let ben = UserID(trusted: "u2")
    var state = ChatState(user: Room.ann, name: "Ann", server: "host:1", nonce: "n")
    var now: Int64 = 1_000_000

    /// Connected, in one group with Ben, which is open.
    init(plain: Bool = false, open: Bool = true) {
        self.state = ChatState(user: Self.ann, name: "Ann", server: "host:1", nonce: "n", isPlain: plain)
        self.give(.live, .listed([Self.summary()], whole: true))
        self.state.names[Self.ben] = "Ben"
        guard open else { return }
        let page = ReceivedPage(entries: [], head: 0, more: true)
        let effects = self.state.take(.line("/open General"), at: self.now)
        let tag = effects.tag { if case .history = $0 { true } else { false } }
        self.give(.answer(tag ?? 0, .page(id: 1, Self.group, page), ByteBuffer()))
    }

    static func summary(title: String = "General", head: Int64 = 0, unread: Int64 = 0) -> ReceivedSummary {
        ReceivedSummary(
            conversation: Self.group, kind: .group, title: title, isMember: true, head: head, read: head - unread, unread: unread)
    }

    static func message(
        _ sequence: Int64, _ text: String, from sender: UserID = Room.ben, clientID: String = "x", kind: EntryKind = .message,
        about target: Int64 = 0, content: String? = nil
    ) -> ReceivedEntry {
        let content = content ?? #"{"type":"text","text":\#(ControlContent.quoted(text))}"#
        return ReceivedEntry(
            sequence: sequence, id: "m", kind: kind, sender: sender, clientID: ClientID(trusted: clientID),
            time: 60_000 * sequence,
            relatesTo: target, content: Array(content.utf8))
    }

    @discardableResult
    mutating func give(_ events: ChatEvent...) -> [ChatEffect] { self.state.take(.client(events), at: self.now) }
    @discardableResult
    mutating func say(_ text: String) -> [ChatEffect] { self.state.take(.line(text), at: self.now) }
    mutating func press(_ keys: Key...) -> [ChatEffect] { keys.flatMap { self.state.take(.key($0), at: self.now) } }
    var screen: [String] { ChatScreen.draw(self.state).plain }
    /// What stands beside the list of conversations.
    var messages: [String] { self.screen[1...8].map { String($0.dropFirst(ChatScreen.sidebarColumns)) } }
    func shows(_ text: String) -> Bool { self.screen.contains { $0.contains(text) } }
}

extension [ChatEffect] {
    fileprivate var commands: [Command] {
        self.compactMap { if case .submit(.command(let command)) = $0 { command } else { nil } }
    }
    fileprivate var said: [String] { self.compactMap { if case .say(let line) = $0 { line } else { nil } } }
    fileprivate func tag(_ wanted: (ClientFrame) -> Bool) -> UInt64? {
        for case .ask(let frame, let tag) in self where wanted(frame) { return tag }
        return nil
    }
}

@Suite struct ChatStateTests {
    @Test func aMessageIsShownAtOnceAndItsMarksFollow() throws {
        var room = Room()
        let command = try #require(room.say("hello @Ben").commands.first)
        guard case .send(let message) = command.action else { return #expect(Bool(false)) }
        #expect(String(decoding: message.content, as: UTF8.self) == #"{"type":"text","text":"hello @Ben","mentions":["u2"]}"#)
        #expect(room.shows("Ann: hello @Ben \u{2026}"), "waiting")
        let receipt = Receipt(conversation: Room.group, clientID: command.clientID, sequence: 1, id: "m", time: 60_000)
        let entry = Room.message(1, "hello @Ben", from: Room.ann, clientID: command.clientID.rawValue)
        room.give(.settled(command.clientID, receipt), .accepted(Room.group, entry))
        #expect(room.shows("00:01 #1 Ann: hello @Ben \u{2713}"))
        #expect(!room.shows("\u{2026}"), "shown once")
        for (read, delivered, mark) in [(0, 2, "\u{2713}\u{2713}"), (1, 2, "read 1/2"), (2, 2, "\u{2713}\u{2713} read")] {
            let counts = MessageReceipts(sequence: 1, counts: ReceiptCounts(total: 2, read: read, delivered: delivered))
            room.give(.pushed(.receipts(id: nil, Room.group, [counts])))
            #expect(room.shows(mark))
        }
        #expect(room.state.outbox.isEmpty)
    }

    @Test func whatWasRefusedSaysWhy() throws {
        var room = Room()
        let command = try #require(room.say("spam").commands.first)
        room.give(.refused(command.clientID, ReceivedError(code: 40303, name: "muted", message: "You are muted.", retry: .never)))
        #expect(room.shows("\u{2717} You are muted."))
        #expect(room.state.outbox.isEmpty)
    }

    @Test func offlineThereIsABannerAndWhatIsWrittenIsKept() {
        var room = Room()
        room.give(.offline("no route", retryMilliseconds: 10))
        room.say("one")
        room.say("two")
        #expect(room.screen[0].contains("OFFLINE. 2 waiting."))
        #expect(room.state.outbox.count == 2)
        let next = ChatState(user: Room.ann, name: "Ann", server: "s", nonce: "m", outbox: room.state.outbox)
        #expect(next.conversations[Room.group]?.waiting.count == 2, "they outlive the program")
        room.give(.live)
        #expect(room.screen[0].contains("connected"))
    }

    @Test func othersMessagesCountAsUnreadUnlessTheyAreLookedAt() {
        var room = Room(open: false)
        let effects = room.give(.accepted(Room.group, Room.message(1, "hi")))
        #expect(effects.contains(.bell))
        #expect(room.shows("General") && room.state.list.first?.unread == 1)
        let opened = room.say("/open gen")
        #expect(opened.contains(.read(Room.group, upTo: 1, urgent: false)))
        #expect(room.state.list.first?.unread == 0)
        let looked = room.give(.accepted(Room.group, Room.message(2, "there")))
        #expect(looked.contains(.read(Room.group, upTo: 2, urgent: false)) && !looked.contains(.bell))
    }

    @Test func changesOfMessagesAreShownInTheirPlaceAndOnce() {
        var room = Room()
        room.give(.accepted(Room.group, Room.message(1, "first")), .accepted(Room.group, Room.message(2, "second")))
        let edit = Room.message(3, "first!", kind: .edit, about: 1)
        let react = Room.message(
            4, "", from: Room.ann, kind: .reaction, about: 1, content: ##"{"type":"reaction","emoji":"\##u{1F44D}","on":true}"##)
        room.give(.accepted(Room.group, edit), .accepted(Room.group, react), .accepted(Room.group, react))
        #expect(room.shows("#1 Ben: first! (edited)"))
        #expect(room.shows("\u{1F44D} 1*"), "counted once")
        room.give(.accepted(Room.group, Room.message(5, "", kind: .recall, about: 1, content: #"{"type":"recall"}"#)))
        #expect(room.shows("#1 Ben: (taken back)") && !room.shows("\u{1F44D}") && room.shows("second"))
    }

    @Test func scrollingBackFetchesWhatIsOlderAndNothingMoves() throws {
        var room = Room()
        _ = room.state.take(.size(columns: 80, rows: 12), at: 0)
        for sequence in 101...150 { room.give(.accepted(Room.group, Room.message(Int64(sequence), "line \(sequence)"))) }
        #expect(room.shows("line 150"))
        var asked: UInt64?
        for _ in 0..<10 where asked == nil {
            asked = room.press(.pageUp).tag { if case .history(_, .before(101), _) = $0 { true } else { false } }
        }
        let tag = try #require(asked)
        let before = room.messages
        room.give(.accepted(Room.group, Room.message(151, "newest")))
        #expect(room.messages == before, "who reads back is not moved")
        #expect(!room.shows("newest") && room.shows("Page Down: 1 new"))
        let page = ReceivedPage(entries: (51...100).reversed().map { Room.message($0, "old \($0)") }, head: 151, more: true)
        room.give(.answer(tag, .page(id: 1, Room.group, page), ByteBuffer()))
        #expect(room.messages == before)
        var seen: Set<Int> = []
        for _ in 0..<40 {
            for number in 51...100 where room.shows("old \(number)") { seen.insert(number) }
            _ = room.press(.pageUp)
        }
        #expect(seen == Set(51...100), "no line is jumped over")
        for _ in 0..<60 { _ = room.press(.pageDown) }
        #expect(room.shows("newest") && room.state.open?.anchor == nil)
        #expect(room.state.open?.unread == 0)
    }

    @Test func tabCompletesCommandsConversationsAndPeople() {
        var room = Room()
        _ = room.press(.text("/mem"), .tab)
        #expect(room.state.editor.text == "/members ")
        _ = room.press(.control("u"), .text("/open ge"), .tab)
        #expect(room.state.editor.text == "/open General ")
        _ = room.press(.control("u"), .text("ask @be"), .tab)
        #expect(room.state.editor.text == "ask @Ben ")
        _ = room.press(.control("u"), .text("/re"), .tab)
        let first = room.state.editor.text
        _ = room.press(.tab)
        #expect(first == "/reply" && room.state.editor.text == "/react", "Tab again takes the next")
        // Nobody here knows Carl: the server is asked, and its answer completes.
        let effects = room.press(.control("u"), .text("/dm car"), .tab)
        guard case .search("car", let tag)? = effects.last else { return #expect(Bool(false), "\(effects)") }
        _ = room.state.take(.found(tag: tag, [UserProfile(user: UserID(trusted: "u3"), name: "Carl X")]), at: 0)
        #expect(room.state.editor.text == "/dm \"Carl X\" ")
    }

    @Test func aDirectConversationIsMadeByName() throws {
        var room = Room()
        guard case .search("carl", let tag)? = room.say("/dm carl").last else { return #expect(Bool(false)) }
        #expect(room.state.isBusy)
        let carl = UserProfile(user: UserID(trusted: "u3"), name: "Carl")
        let effects = room.state.take(.found(tag: tag, [UserProfile(user: UserID(trusted: "u4"), name: "Carla"), carl]), at: 0)
        guard case .submit(.create(let clientID, let new, let members))? = effects.first else { return #expect(Bool(false)) }
        #expect(new.kind == .direct && members == [carl.user])
        room.give(.created(clientID, ConversationID(trusted: "d1")))
        #expect(room.state.openID == ConversationID(trusted: "d1") && !room.state.isBusy)
        guard case .search(_, let other)? = room.say("/dm nobody").last else { return #expect(Bool(false)) }
        _ = room.state.take(.found(tag: other, []), at: 0)
        #expect(room.shows("There is nobody by the name of nobody.") && !room.state.isBusy)
    }

    @Test func nothingOfOthersReachesTheTerminalAsACode() {
        let evil = "\u{1B}]0;owned\u{07}\u{1B}[2J\u{9B}1m\r\u{08}\u{202E}"
        var room = Room()
        room.state.names[Room.ben] = "Ben" + evil
        room.give(.listed([Room.summary(title: "General" + evil)], whole: true))
        room.give(.accepted(Room.group, Room.message(1, "hi" + evil + "\nthere" + evil)))
        let reaction = #"{"type":"reaction","emoji":"\u001b[2J","on":true}"#
        room.give(.accepted(Room.group, Room.message(2, "", kind: .reaction, about: 1, content: reaction)))
        room.give(
            .accepted(Room.group, Room.message(3, "", kind: .changed, content: #"{"type":"changed","title":"x\u001b[2Jy"}"#)))
        room.give(.offline("why" + evil, retryMilliseconds: 1))
        _ = room.press(.text("draft" + evil))
        _ = room.say("/nothing" + evil)
        for columns in [20, 40, 80, 200] {
            _ = room.state.take(.size(columns: columns, rows: 24), at: 0)
            let image = ChatScreen.draw(room.state)
            #expect(image.lines.count == 24)
            for line in image.plain {
                #expect(Shown.width(line) <= columns)
                #expect(
                    line.unicodeScalars.allSatisfy {
                        $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) && !$0.properties.isBidiControl
                    })
            }
        }
        var plain = Room(plain: true)
        plain.state.names[Room.ben] = "Ben" + evil
        for line in plain.give(.accepted(Room.group, Room.message(1, "hi\n[General] #9 00:00 Ann: forged" + evil))).said {
            #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x9B && !$0.properties.isBidiControl })
            #expect(line.hasPrefix("[General] #1 00:01 Ben"))
        }
    }

    @Test(arguments: [String(repeating: "x", count: 8_001), "/nothing", "/open nothing", "/who"])
    func aLineThatIsRefusedHereCounts(_ line: String) {
        var room = Room(plain: true)
        #expect(room.say(line).said.count == 1)
        #expect(room.state.refusals == 1)
        room.say("/list")
        #expect(room.state.refusals == 1)
    }

    @Test func aPipeGetsEachMessageOnceWithTheNameOfItsSender() {
        var room = Room(plain: true)
        room.state.names[Room.ben] = nil
        let first = room.give(.accepted(Room.group, Room.message(1, "hi")))
        #expect(first.said.isEmpty, "the name is asked for first")
        let tag = first.tag { if case .users = $0 { true } else { false } }
        let names = ByteBuffer(string: #"{"type":"users","id":1,"users":[{"user":"u2","name":"Ben"}]}"#)
        let second = room.give(.accepted(Room.group, Room.message(2, "ho")))
        #expect(second.said.isEmpty, "order is kept")
        let third = room.give(
            .answer(tag ?? 0, .other(type: "users", id: 1), names), .accepted(Room.group, Room.message(2, "ho")))
        #expect(third.said == ["[General] #1 00:01 Ben: hi", "[General] #2 00:02 Ben: ho"])
    }

    @Test func whoWritesTellsSoEveryThreeSeconds() {
        var room = Room()
        let isTyping = { (effects: [ChatEffect]) in effects.tag { if case .typing = $0 { true } else { false } } != nil }
        #expect(isTyping(room.press(.text("h"))))
        #expect(!isTyping(room.press(.text("i"))))
        room.now += 3_000
        #expect(isTyping(room.press(.text("!"))))
        room.give(.pushed(.typing(Room.group, [Room.ben, Room.ann])))
        #expect(room.shows("Ben writes ..."))
        room.now += 4_000
        _ = room.state.take(.tick, at: room.now)
        #expect(!room.shows("writes ..."))
        _ = room.press(.control("u"))
        room.now += 3_000
        #expect(!isTyping(room.press(.text("/"), .text("m"))), "a command is no message")
    }

    @Test func keysThatEndAndSteer() {
        var room = Room()
        #expect(room.press(.text("/x"), .control("c")) == [] && room.state.editor.isEmpty)
        #expect(room.press(.control("c")) == [.quit])
        #expect(room.press(.control("d")) == [.quit])
        #expect(room.press(.control("z")) == [.suspend])
        #expect(room.press(.control("l")) == [.redraw])
        #expect(room.say("/quit") == [.quit])
        room.give(.loggedOut(ReceivedError(code: 40104, name: "session_ended", message: "Ended.", retry: .afterChange)))
        #expect(room.shows("Logged out: Ended."))
    }

    @Test func everySizeAndEveryLengthIsDrawnWithinItsBounds() {
        var generator = SplitMix(state: 3)
        var room = Room()
        let pieces = ["a", "word ", "\u{4F60}", "\u{1F600}", "e\u{301}", "\n", "\t", String(repeating: "x", count: 90)]
        for sequence in 1...60 {
            let text = (0..<Int.random(in: 1...30, using: &generator)).map { _ in pieces.randomElement(using: &generator) ?? "" }
                .joined()
            room.give(.accepted(Room.group, Room.message(Int64(sequence), text)))
        }
        for _ in 0..<300 {
            let (columns, rows) = (Int.random(in: 1...120, using: &generator), Int.random(in: 1...50, using: &generator))
            _ = room.state.take(.size(columns: columns, rows: rows), at: 0)
            let keys: [Key] = [.pageUp, .pageDown, .text("\u{4F60}"), .left, .tab, .escape, .nextConversation, .enter, .up]
            _ = room.press(keys.randomElement(using: &generator) ?? .escape)
            let image = ChatScreen.draw(room.state)
            #expect(image.lines.count == room.state.rows)
            #expect(image.plain.allSatisfy { Shown.width($0) <= room.state.columns })
            #expect(image.cursorRow == room.state.rows - 1 && image.cursorColumn < room.state.columns)
        }
    }

    @Test func onlyWhatChangedIsPainted() {
        var painter = Painter(hasColours: false)
        var image = ScreenImage(lines: [[Span("one", .bold)], [Span("two")]], cursorRow: 1, cursorColumn: 2)
        #expect(painter.paint(image).contains("\u{1B}[2J"))
        #expect(painter.paint(image) == "")
        image.lines[1] = [Span("three")]
        let bytes = painter.paint(image)
        #expect(bytes.contains("three") && !bytes.contains("one") && bytes.hasSuffix("\u{1B}[2;3H\u{1B}[?25h"))
        painter.forget()
        #expect(painter.paint(image).contains("one"))
    }
}

@Suite struct SessionFileTests {
    @Test func aLoginAndWhatWaitsComeBack() throws {
        let folder = "/tmp/parley-session-\(UInt64.random(in: .min ... .max))"
        let server = try #require(ServerAddress("http://127.0.0.1:8480"))
        let file = SessionFile(folder: folder, server: server, name: "Ann/../x")
        #expect(file.path.hasPrefix(folder + "/") && !file.path.dropFirst(folder.count + 1).contains("/"))
        makeFolder(folder)
        defer { removeFolder(folder) }
        let tree = try #require(
            JSONTree(Array(#"{"user":"u1","name":"Ann \"x\"","refresh_token":"pr1.x","access_token":"a"}"#.utf8)))
        let login = try #require(ChatLogin(tree))
        try file.save(login)
        #expect(file.load()?.refreshToken == "pr1.x" && file.load()?.name == "Ann \"x\"")
        #expect(SessionFile.names(in: folder, server: server) == ["Ann \"x\""])
        #expect(try permissions(of: file.path) == 0o600)
        let items: [OutboxItem] = [
            .create(ClientID(trusted: "c1"), NewConversation(kind: .group, title: "T\n"), members: [UserID(trusted: "u2")]),
            .command(
                .send(
                    ConversationID(trusted: "g"), ClientID(trusted: "c2"), content: Array(#"{"type":"text","text":"a\nb"}"#.utf8),
                    relatesTo: 3)),
            .command(Command(ConversationID(trusted: "g"), ClientID(trusted: "c3"), .recall(target: 4))),
        ]
        try file.save(outbox: Array(items.dropFirst()))
        #expect(file.loadOutbox() == Array(items.dropFirst()))
        try file.save(outbox: [])
        #expect(file.loadOutbox() == [])
    }
}
