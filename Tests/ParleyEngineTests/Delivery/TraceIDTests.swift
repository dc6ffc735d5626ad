import Testing

@testable import ParleyEngine

@Suite struct TraceIDTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let parent = "00f067aa0ba902b7"

    @Test(arguments: [
        ("00-\(trace)-\(parent)-01", trace), ("00-\(trace)-\(parent)-00", trace), ("00-\(trace)-\(parent)-ff", trace),
        ("00-00000000000000000000000000000001-\(parent)-01", "00000000000000000000000000000001"),
        ("00-a0000000000000000000000000000000-0000000000000001-01", "a0000000000000000000000000000000"),
    ]) func aWellFormedHeaderNamesItsTrace(_ header: String, _ trace: String) {
        #expect(TraceID(traceparent: header)?.description == trace)
    }

    @Test(arguments: [
        "", "00", "00-\(trace)-\(parent)", "00-\(trace)-\(parent)-", "00-\(trace)-\(parent)-0", "00-\(trace)-\(parent)-01-",
        "00-\(trace)-\(parent)-01-x", "00-\(trace)-\(parent)-011", " 00-\(trace)-\(parent)-01", "00-\(trace)-\(parent)-01 ",
        "01-\(trace)-\(parent)-01", "ff-\(trace)-\(parent)-01", "0-\(trace)-\(parent)-01", "000-\(trace)-\(parent)-1",
        "00-00000000000000000000000000000000-\(parent)-01", "00-\(trace)-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-\(parent)-01", "00-\(trace)-00F067AA0BA902B7-01", "00-\(trace)-\(parent)-0A",
        "00-4bf92f3577b34da6a3ce929d0e0e473g-\(parent)-01", "00-\(trace)-00f067aa0ba902b -01", "00-\(trace)-\(parent)-0x",
        "00_\(trace)_\(parent)_01", "00-4bf92f3577b34da6a3ce929d0e0e473-6\(parent)-01", "00-\(trace)\(parent)-01-",
        "00-\(trace)-\(parent)-0\u{661}", "00-\(trace)-\(parent)-\u{e9}",
    ]) func anythingElseNamesNone(_ header: String) {
        #expect(TraceID(traceparent: header) == nil)
    }

    @Test func newOnesDifferAndAreWellFormed() {
        let many = (0..<100).map { _ in TraceID.random().description }
        #expect(Set(many).count == 100)
        for id in many { #expect(TraceID(traceparent: "00-\(id)-\(Self.parent)-01")?.description == id) }
    }
}
