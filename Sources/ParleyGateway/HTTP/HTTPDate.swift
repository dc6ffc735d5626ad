#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The value of a `Date` header (RFC 9110, 5.6.7), made at most once a second.
struct HTTPDate {
    private var cached = ""
    private var madeAt: Int64 = .min

    /// The date now; `time`, in milliseconds of any clock, says whether the last one still does.
    mutating func text(at time: Int64) -> String {
        if self.cached.isEmpty || time &- self.madeAt >= 1_000 {
            self.cached = Self.format(secondsSince1970: Self.now())
            self.madeAt = time
        }
        return self.cached
    }

    private static func now() -> Int64 { Int64(time(nil)) }

    /// As in `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func format(secondsSince1970 seconds: Int64) -> String {
        let day = Int64(86_400)
        let days = seconds.quotientAndRemainder(dividingBy: day)
        let date = Self.civil(days: days.quotient)
        let weekday = Self.weekdays[Int((days.quotient + 4) % 7)]
        let clock = (days.remainder / 3_600, days.remainder % 3_600 / 60, days.remainder % 60)
        return "\(weekday), \(Self.two(date.day)) \(Self.months[Int(date.month - 1)]) \(date.year) "
            + "\(Self.two(clock.0)):\(Self.two(clock.1)):\(Self.two(clock.2)) GMT"
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// The date in the Gregorian calendar, from days since 1970 that are not negative.
    private static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
    }
}
