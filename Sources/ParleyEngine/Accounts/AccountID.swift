package import ParleyDomain

/// The ids of accounts that are made here: `u` and 100 random bits, as 20 characters of base32.
package enum AccountID {
    private static let characters = 20

    package static func make(_ random: RandomBytes) -> UserID {
        UserID(trusted: "u" + Base32.packed(random(13), characters: Self.characters))
    }

    static func hasForm(_ text: String) -> Bool {
        text.hasPrefix("u") && text.utf8.count == Self.characters + 1
            && text.utf8.dropFirst().allSatisfy { (0x61...0x7A).contains($0) || (0x32...0x37).contains($0) }
    }
}
