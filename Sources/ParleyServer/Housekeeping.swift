import Logging
import ParleyEngine
import ServiceLifecycle

/// Once an hour, beginning at the start: sessions that nobody can come back to are forgotten.
struct Housekeeping: Service, CustomStringConvertible {
    /// As for `Doors`: a log of the services says no more of this one.
    var description: String { "Housekeeping" }

    let accounts: AccountManager
    let logger: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    let count = try await self.accounts.forgetSessions()
                    if count > 0 { self.logger.info("expired sessions were forgotten", metadata: ["sessions": "\(count)"]) }
                } catch {
                    self.logger.warning("expired sessions could not be forgotten", metadata: ["cause": "\(error)"])
                }
                try await Task.sleep(for: .seconds(3_600))
            }
        }
    }
}
