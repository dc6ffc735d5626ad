package import ParleyDomain

extension AccountManager {
    /// Sessions that one transaction forgets: messages wait for it.
    private static let sessionsPerStep = 1_000
    private static let stepsMax = 100

    /// Forgets sessions that expired a day ago or longer, at most 100,000: no token names them any more, and whoever asks hears the same as
    /// before. A day, so that a clock that was wrong for an hour forgets nobody.
    /// - Returns: how many.
    package func forgetSessions() async throws(Refusal) -> Int {
        let time = self.now() - 86_400_000
        var count = 0
        for _ in 0..<Self.stepsMax {
            let step = try await self.onStore { [store] () throws(AccountFailure) in
                try store.deleteSessions(expiredBefore: time, limit: Self.sessionsPerStep)
            }
            count += step
            if step < Self.sessionsPerStep { break }
        }
        return count
    }
}
