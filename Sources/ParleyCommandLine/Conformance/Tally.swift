import ParleyContract
import ParleyDomain

/// Plays one case after the other over the doors, prints the table and counts.
struct Tally {
    let doors: [DoorKind]
    /// Cases that were as documented over every door, and those that were not.
    private(set) var good = 0
    private(set) var bad = 0
    private var goodByDoor: [DoorKind: Int] = [:]

    init(_ doors: [DoorKind]) { self.doors = doors }

    /// What was found over one door; nothing where the case is not played there.
    private typealias Found = [DoorKind: [String]]

    private func tell(_ mark: String, _ name: String, _ answer: String, _ cells: [String]) throws {
        func padded(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(1, width - text.count)) }
        try say(padded(mark, 6) + padded(name, 40) + padded(answer, 26) + cells.map { padded($0, 8) }.joined())
    }

    private mutating func tell(_ name: String, _ answer: String, _ found: Found) throws {
        let isGood = found.values.allSatisfy(\.isEmpty)
        if isGood { self.good += 1 } else { self.bad += 1 }
        for (door, faults) in found where faults.isEmpty { self.goodByDoor[door, default: 0] += 1 }
        let cells = self.doors.map { door in found[door].map { $0.isEmpty ? "ok" : "FAIL" } ?? "-" }
        try self.tell(isGood ? "ok" : "FAIL", name, answer, cells)
        for door in self.doors { for fault in found[door] ?? [] { try say("      \(door): \(fault)") } }
    }

    /// The head of the table.
    func tellDoors() throws { try self.tell("", "", "answer", self.doors.map(\.rawValue)) }

    func tellTotals() throws {
        try self.tell("", "", "as documented", self.doors.map { "\(self.goodByDoor[$0] ?? 0)" })
        try say("\(self.good) as documented, \(self.bad) not")
    }

    /// A golden frame: what it means over each door is the same.
    mutating func play(_ item: GoldenCase, _ stage: Stage) async throws {
        let doors = item.onlySocket ? self.doors.filter { DoorKind.sockets.contains($0) } : self.doors
        let turns = item.isEscaped ? [DoorKind.ofJSON, DoorKind.ofBinary].map { doors.filter($0.contains) } : [doors]
        var found: Found = [:]
        var type = ""
        for turn in turns where !turn.isEmpty {
            if let answer = await self.play(item, stage, turn, &found) { type = answer }
        }
        if !found.isEmpty { try self.tell(item.name, type, found) }
    }

    /// Plays it in one group, over one door after the other; the type of the first answer.
    private func play(_ item: GoldenCase, _ stage: Stage, _ doors: [DoorKind], _ found: inout Found) async -> String? {
        var first: Reply?
        var door = doors[0]
        do {
            let cast = try await stage.prepare(item.needs)
            let frame = cast.playing(item.frame)
            let player = try stage.player(item.by)
            for next in doors {
                door = next
                let isLogIn = frame.hasPrefix(#"{"type":"auth""#)
                let reply = try await isLogIn ? stage.logIn(player, frame, over: door) : player.ask(frame, over: door)
                var faults: [String] = []
                if let fault = try Judge.fault(of: reply, to: frame) { faults.append("\(fault): \(frame) -> \(reply.text)") }
                if let first, !Judge.same(first, reply) { faults.append("says otherwise: \(first.text) -> \(reply.text)") }
                first = first ?? reply
                found[door] = faults
            }
        } catch {
            found[door, default: []].append("\(error)")
        }
        return first.flatMap { try? JSONNode(object: Array($0.text.utf8)) }?["type"]?.text
    }

    /// A wrong frame: its number is the documented one over each door.
    mutating func play(_ item: RefusalCase, _ stage: Stage) async throws {
        var found: Found = [:]
        for door in self.doors where item.doors.contains(door) {
            do {
                found[door] = try await self.refusal(of: item, stage, door)
            } catch {
                found[door] = ["\(error)"]
            }
        }
        guard !found.isEmpty else { return }
        try self.tell(item.name, "\(item.code.rawValue) \(item.code.name)", found)
    }

    private func refusal(of item: RefusalCase, _ stage: Stage, _ door: DoorKind) async throws -> [String] {
        let cast = try await stage.prepare(item.needs)
        var faults: [String] = []
        if let first = item.first {
            let frame = cast.playing(first.frame)
            let reply = try await stage.player(first.by).ask(frame, over: door)
            if let fault = try Judge.fault(of: reply, to: frame) { faults.append("first: \(fault)") }
        }
        let player = try stage.player(item.by)
        let reply: Reply
        if let bytes = item.bytes {
            reply = try await player.ask(bytes, "", over: door)
        } else {
            reply = try await player.ask(cast.playing(item.frame), over: door)
        }
        if let fault = try Judge.fault(of: reply, to: item) { faults.append("\(fault): \(reply.text)") }
        return faults
    }
}
