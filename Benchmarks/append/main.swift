import Glibc
import ParleyDomain
import ParleySQLite

// parley-append-bench [seconds per point] [page size] [cache KiB] [checkpoint KiB] [batch sizes: 1,10,...] [folder]
//
// Rows stored durably per second by the adapter and by the same statements as a bare loop, at several batch sizes.
let arguments = CommandLine.arguments
func number(_ index: Int, _ otherwise: Int) -> Int {
    arguments.indices.contains(index) ? Int(arguments[index]) ?? otherwise : otherwise
}

var options = SQLiteDatabase.Options()
let seconds = Double(number(1, 3))
options.pageSize = number(2, options.pageSize)
options.writerCacheKiB = number(3, options.writerCacheKiB)
options.checkpointKiB = number(4, options.checkpointKiB)
let batches =
    arguments.indices.contains(5) ? arguments[5].split(separator: ",").compactMap { Int($0) } : [1, 10, 100, 500, 1_000, 2_000]
let parent = arguments.indices.contains(6) ? arguments[6] : "/tmp"

print("page \(options.pageSize) B, cache \(options.writerCacheKiB) KiB, checkpoint at \(options.checkpointKiB) KiB")
print("rows a batch | adapter rows/s | bare loop rows/s | ratio")
for batch in batches {
    let adapter = try inFolder(parent) { try measureAdapter(in: $0, options: options, batch: batch, seconds: seconds) }
    let bare = try inFolder(parent) { try measureBareLoop(in: $0, options: options, batch: batch, seconds: seconds) }
    let ratio = Double(Int(adapter / bare * 100)) / 100
    print("\(batch) | \(Int(adapter)) | \(Int(bare)) | \(ratio)")
}
