import Glibc

/// Gives as many random bytes as asked for. Outside tests: `systemRandom`.
package typealias RandomBytes = @Sendable (_ count: Int) -> [UInt8]

/// The time in milliseconds: since 1970 by `systemMilliseconds`, or steady by `systemSteadyMilliseconds`.
package typealias WallClock = @Sendable () -> Int64

/// From the kernel's cryptographic generator.
package let systemRandom: RandomBytes = { count in
    var generator = SystemRandomNumberGenerator()
    return (0..<max(0, count)).map { _ in UInt8.random(in: 0...255, using: &generator) }
}

/// From the kernel's real-time clock.
package let systemMilliseconds: WallClock = {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
}

/// From a clock that only goes forward, whatever is done to the other: milliseconds since some moment of this process's system.
package let systemSteadyMilliseconds: WallClock = {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
}

/// The processor time that the calling thread has used, in microseconds.
package func threadMicroseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
}
