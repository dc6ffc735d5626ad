import ParleyDomain
import ParleyEngine
import Testing

/// What a name may be (A9).
@Suite struct NamePolicyTests {
    @Test(arguments: [
        ("Ann", "Ann"), ("  Ann \n", "Ann"), ("Ann Lee", "Ann Lee"), ("Zoë", "Zoë"), ("Zoe\u{308}", "Zo\u{EB}"),
        ("山田 太郎", "山田 太郎"), ("सीता", "सीता"),
        ("😀", "😀"), ("o'Neil-Smith_3.@x:y", "o'Neil-Smith_3.@x:y"),
        (String(repeating: "é", count: 64), String(repeating: "é", count: 64)),
        (String(repeating: " ", count: 500) + "a", "a"),
    ])
    func goodNameIsTrimmed(given: String, kept: String) throws {
        let name = try NamePolicy.name(given)
        #expect(Array(name.unicodeScalars) == Array(kept.unicodeScalars))
    }

    @Test(arguments: [
        ("", ErrorCode.empty), (" \t\r\n\u{3000}", .empty), (String(repeating: "a", count: 65), .tooLong),
        (String(repeating: "\u{301}", count: 65), .tooLong), ("a\u{0}b", .badText), ("a\nb", .badText), ("a\u{1B}[31m", .badText),
        ("a\u{7F}", .badText), ("a\u{85}b", .badText), ("a\u{202E}b", .badText), ("a\u{2066}b\u{2069}", .badText),
        ("a\u{200E}", .badText), ("a\u{200B}b", .badText), ("a\u{200C}b", .badText), ("a\u{200D}b", .badText),
        ("a\u{FEFF}", .badText),
        ("a\u{AD}b", .badText), ("a\u{2060}", .badText), ("a\u{FE0F}", .badText), ("a\u{E0041}", .badText),
        ("\u{3164}", .badText),
        ("a\u{115F}", .badText), ("a\u{2800}b", .badText), ("a\u{34F}b", .badText), ("a\u{2028}b", .badText),
        ("a\u{E000}", .badText),
        ("a\u{FFFE}", .badText), ("a\u{FFF9}b", .badText), ("a  b", .badText), ("a\u{A0}b", .badText), ("a\u{3000}b", .badText),
        ("a\tb", .badText),
    ])
    func badNameIsRefusedWithFieldAndRule(given: String, code: ErrorCode) throws {
        let refusal = #expect(throws: Refusal.self) { try NamePolicy.name(given) }
        #expect(refusal?.code == code && refusal?.field == "name" && refusal?.rule.isEmpty == false)
    }

    @Test(arguments: [
        "uabcdefghijklmnopqrst", "UABCDEFGHIJKLMNOPQRST", "u22222222222222222277", "x:ann", "X:Ann", "xh:abc", "irc:ann",
        " IRC:x ",
    ])
    func newNameIsNotOfTheFormOfAnID(given: String) throws {
        let refusal = #expect(throws: Refusal.self) { try NamePolicy.newName(given) }
        #expect(refusal?.code == .badText && refusal?.field == "name" && refusal?.rule.isEmpty == false)
        _ = try NamePolicy.name(given)
    }

    @Test(arguments: [
        "Ursula", "uabcdefghijklmnopqrs", "uabcdefghijklmnopqrstu", "uabcdefghijklmnopqrs1", "vabcdefghijklmnopqrst", "xann",
        "irc",
    ])
    func newNameMayBeginLikeOne(given: String) throws { #expect(try NamePolicy.newName(given) == given) }

    @Test func deviceMayBeLeftOutButNotMisused() throws {
        #expect(try NamePolicy.device("") == "")
        #expect(throws: Refusal.self) { try NamePolicy.device("a\u{202E}b") }
    }
}
