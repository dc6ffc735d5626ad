/// A number that depends on the sequence and changes at few places, kept as those changes: its value at N is the sum of all
/// changes up to N.
///
/// So "how many members are counted for message N", for every N at once, costs one entry per place where the number changes
/// and nothing per message (but 12 bytes for each 1,024 from the first such place to the last). Sequences are cut into blocks of 1,024; each block has its changes, sorted and without zeros, and a
/// Fenwick tree (Fenwick 1994) has the sums over blocks. Changing and asking cost O(log blocks) and a walk in one block.
struct DeltaIndex: Sendable {
    private struct Change {
        var offset: UInt16
        var delta: Int32
    }

    private static let shift: UInt32 = 10
    private static let mask: UInt32 = 1_023

    /// The block that stands first in `blocks`: nothing changes before it.
    private var base = 0
    private var blocks: [[Change]] = []
    /// Place i-1 has the sum of the blocks (i - lowest bit of i, i], counted from 1. Sums wrap around: what is asked for is
    /// the number of some members and always fits.
    private var sums: [Int32] = []

    /// From this sequence on the number is larger by `delta`.
    mutating func add(_ delta: Int32, at sequence: UInt32) {
        let block = self.block(of: sequence)
        self.note(delta, in: block, at: UInt16(truncatingIfNeeded: sequence & Self.mask))
        self.tilt(block, by: delta)
    }

    /// A rise by one happens at a later sequence. Within a block, where most acknowledgements stay, the tree is left alone.
    mutating func move(from old: UInt32, to new: UInt32) {
        let (oldBlock, newBlock) = (self.block(of: old), self.block(of: new))
        self.note(-1, in: oldBlock, at: UInt16(truncatingIfNeeded: old & Self.mask))
        self.note(1, in: newBlock, at: UInt16(truncatingIfNeeded: new & Self.mask))
        guard oldBlock != newBlock else { return }
        self.tilt(oldBlock, by: -1)
        self.tilt(newBlock, by: 1)
    }

    /// The number at this sequence.
    func value(at sequence: UInt32) -> Int {
        let block = Int(sequence >> Self.shift) - self.base
        guard block >= 0 else { return 0 }
        var value: Int32 = 0
        var node = min(block, self.sums.count)
        while node > 0 {
            value &+= self.sums[node - 1]
            node &= node - 1
        }
        guard block < self.blocks.count else { return Int(value) }
        let offset = UInt16(truncatingIfNeeded: sequence & Self.mask)
        for change in self.blocks[block] {
            guard change.offset <= offset else { break }
            value &+= change.delta
        }
        return Int(value)
    }

    /// What it holds, in bytes, with the room that its arrays have spare.
    var memoryBytes: Int {
        let arrays = self.blocks.reduce(0) { $0 + $1.memoryBytes }
        return self.blocks.memoryBytes + self.sums.memoryBytes + arrays
    }

    /// How many places the number changes at.
    var changes: Int { self.blocks.reduce(0) { $0 + $1.count } }

    // MARK: Blocks

    /// The block's place, made if it is outside of those that there are.
    private mutating func block(of sequence: UInt32) -> Int {
        let block = Int(sequence >> Self.shift)
        if self.blocks.isEmpty { self.base = block }
        if block < self.base { self.extendDown(to: block) }
        while self.sums.count <= block - self.base {
            // A new node covers older blocks too: what lies between two prefixes of the tree.
            let node = self.sums.count + 1
            self.sums.append(self.sum(upTo: node - 1) &- self.sum(upTo: node & (node - 1)))
            self.blocks.append([])
        }
        return block - self.base
    }

    /// Makes room before the first block, for as many as there are, so that it is seldom done; the tree is built anew.
    private mutating func extendDown(to block: Int) {
        let base = max(0, min(block, self.base - self.blocks.count))
        self.blocks.insert(contentsOf: repeatElement([], count: self.base - base), at: 0)
        self.base = base
        self.sums = self.blocks.map { $0.reduce(0) { $0 &+ $1.delta } }
        for node in 1...self.sums.count {
            let above = node + (node & -node)
            if above <= self.sums.count { self.sums[above - 1] &+= self.sums[node - 1] }
        }
    }

    private func sum(upTo last: Int) -> Int32 {
        var (node, sum) = (last, Int32(0))
        while node > 0 {
            sum &+= self.sums[node - 1]
            node &= node - 1
        }
        return sum
    }

    private mutating func tilt(_ block: Int, by delta: Int32) {
        var node = block + 1
        while node <= self.sums.count {
            self.sums[node - 1] &+= delta
            node += node & -node
        }
    }

    private mutating func note(_ delta: Int32, in block: Int, at offset: UInt16) {
        let place = self.blocks[block].firstPlace { $0.offset >= offset }
        guard place < self.blocks[block].count, self.blocks[block][place].offset == offset else {
            self.blocks[block].insert(Change(offset: offset, delta: delta), at: place)
            return
        }
        self.blocks[block][place].delta &+= delta
        guard self.blocks[block][place].delta == 0 else { return }
        self.blocks[block].remove(at: place)
        // What everybody has read takes no memory any more.
        if self.blocks[block].isEmpty { self.blocks[block] = [] }
    }
}

extension Array {
    /// The first place whose element satisfies a condition that, once true, stays true; the end if none does.
    func firstPlace(where isBeyond: (Element) -> Bool) -> Int {
        var (low, high) = (0, self.count)
        while low < high {
            let middle = low + (high - low) / 2
            if isBeyond(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// What the array's own buffer takes, in bytes: 32 before the elements, none if it never had room for one.
    var memoryBytes: Int { self.capacity == 0 ? 0 : 32 + self.capacity * MemoryLayout<Element>.stride }
}
