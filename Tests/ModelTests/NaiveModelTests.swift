import Testing

/// The model itself, against answers worked out by hand: what everything else is compared with must be right.
@Suite struct NaiveModelTests {
    /// Section 3.3 of the articles: A to E, A sends, C has left before or not.
    @Test func aSendsAndTheOthersRead() {
        var group = NaiveGroup(creator: 1, others: [2, 3, 4, 5], historyVisible: true)
        group.send(by: 1)
        #expect(group.counts(of: 2) == (4, 0, 4, 0))
        group.acknowledge(4, device: 1, read: 2, delivered: 2)
        #expect(group.counts(of: 2) == (4, 1, 3, 1))
        #expect(group.slots(of: 2) { $0.read } == [4])
        group.end(3, by: 3)
        group.send(by: 1)
        #expect(group.counts(of: 4) == (3, 0, 3, 0))
        #expect(group.counts(of: 2) == (4, 1, 3, 1))
        #expect(group.slots(of: 4) { !$0.read } == [2, 4, 5])
    }

    @Test func joiningEntryAndEndingEntryAreInside() {
        var group = NaiveGroup(creator: 1, others: [2], historyVisible: true)
        group.add([3], by: 1)
        group.end(3, by: 1)
        group.send(by: 1)
        #expect(group.slots(of: 1) { _ in true } == [2])
        #expect(group.slots(of: 2) { _ in true } == [2, 3])
        #expect(group.slots(of: 3) { _ in true } == [2, 3])
        #expect(group.slots(of: 4) { _ in true } == [2])
        #expect([1, 2, 3].map { group.entries[$0].lastSlot } == [3, 3, 3])
    }

    @Test func positionsAreTheLargestOfTheDevicesAndEndWithTheMembership() {
        var group = NaiveGroup(creator: 1, others: [2], historyVisible: true)
        for _ in 0..<4 { group.send(by: 1) }
        group.acknowledge(2, device: 1, read: 3, delivered: 4)
        group.acknowledge(2, device: 2, read: 2, delivered: 99)
        #expect(group.members[2]?.read == 3)
        #expect(group.members[2]?.delivered == 5)
        group.end(2, by: 2)
        group.send(by: 1)
        group.acknowledge(2, device: 1, read: 7, delivered: 7)
        #expect(group.members[2]?.read == 6)
        #expect(group.counts(of: 5) == (1, 1, 0, 1))
        #expect(group.counts(of: 7) == (0, 0, 0, 0))
    }

    @Test(arguments: [true, false]) func whoReturnsHasWhatIsBeforeHisVisibleStartBehindHim(_ historyVisible: Bool) {
        var group = NaiveGroup(creator: 1, others: [2], historyVisible: historyVisible)
        group.send(by: 1)
        group.end(2, by: 2)
        group.send(by: 1)
        group.add([2, 3], by: 1)
        group.send(by: 1)
        #expect(group.members[2]?.slot == 2)
        #expect(group.members[2]?.read == (historyVisible ? 0 : 4))
        #expect(group.counts(of: 2) == (historyVisible ? (1, 0, 1, 0) : (1, 1, 0, 1)))
        #expect(group.unread(of: 2) == (historyVisible ? 3 : 1))
        #expect(group.unread(of: 3) == (historyVisible ? 3 : 1))
    }

    @Test func whoHasReceiptsOffIsNotCountedInWhatIsSentMeanwhile() {
        var group = NaiveGroup(creator: 1, others: [2, 3], historyVisible: true)
        group.send(by: 1)
        group.setReceipts(false, of: 2)
        group.send(by: 1)
        group.setReceipts(true, of: 2)
        group.send(by: 1)
        group.acknowledge(2, device: 1, read: 4, delivered: 4)
        #expect(group.counts(of: 2) == (2, 1, 1, 1))
        #expect(group.counts(of: 3) == (1, 0, 1, 0))
        #expect(group.counts(of: 4) == (2, 1, 1, 1))
    }

    @Test func onlyOthersMessagesAreUnread() {
        var group = NaiveGroup(creator: 1, others: [2], historyVisible: true)
        group.send(by: 1, mentions: [2])
        group.send(by: 2)
        group.send(by: 1, all: true)
        group.relate(.edit, to: 2, by: 1)
        group.relate(.reaction, to: 2, by: 2)
        #expect(group.unread(of: 2) == 2)
        #expect(group.unreadMentions(of: 2) == 2)
        #expect(group.unread(of: 1) == 1)
        #expect(group.unreadMentions(of: 1) == 0)
        group.relate(.recall, to: 4, by: 1)
        #expect(group.unread(of: 2) == 1)
        group.acknowledge(2, device: 7, read: 2, delivered: 2)
        #expect(group.unread(of: 2) == 0)
        group.end(2, by: 1)
        #expect(group.unread(of: 2) == nil)
    }

    @Test func theListBeginsWithTheGroupSpokenInLast() {
        var world = NaiveWorld()
        for time in 1...3 {
            world.groups.append(NaiveGroup(creator: 1, others: time == 2 ? [] : [2], historyVisible: true, at: time))
        }
        #expect(world.list(of: 1) == [2, 1, 0])
        #expect(world.list(of: 2) == [2, 0])
        world.groups[0].send(by: 1, at: 9)
        world.groups[2].relate(.reaction, to: 1, by: 1, at: 10)
        #expect(world.list(of: 1) == [0, 2, 1])
        world.groups[0].end(2, by: 1, at: 11)
        #expect(world.list(of: 2) == [2])
    }
}
