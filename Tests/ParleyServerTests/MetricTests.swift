import Foundation
import ParleyEngine
import Testing

@testable import ParleyServer

@Suite struct MetricTests {
    private static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test func theDocumentsTableIsTheMetrics() throws {
        let text = try String(contentsOf: Self.root.appending(path: "docs/operating.md"), encoding: .utf8)
        #expect(text.contains(Metric.markdown), "parley schema metrics, into docs/operating.md")
    }

    /// Prometheus' conventions: a counter ends in `_total`, nothing else does; units stand in names and are base units.
    @Test func namesAreAsPrometheusWantsThem() {
        #expect(Set(Metric.all.map(\.name)).count == Metric.all.count)
        for metric in Metric.all {
            #expect(metric.name.wholeMatch(of: /(parley|process)(_[a-z]+)+/) != nil, "\(metric.name)")
            #expect((metric.kind == .counter) == metric.name.hasSuffix("_total"), "\(metric.name)")
            #expect(metric.name.firstMatch(of: /milli|micro|kib|minutes/) == nil, "\(metric.name)")
            #expect(metric.help.hasSuffix(".") && !metric.help.contains("|") && !metric.help.contains("\n"), "\(metric.name)")
        }
    }

    @Test func textIsInTheFormatOfPrometheus() {
        var text = MetricsText()
        text.write(name: "a_total", kind: .counter, help: "Back\\slash and\nline.", .number(3))
        text.write(name: "b", kind: .gauge, help: "Labels.", .labelled([Sample(["x": "a\"b\\c\nd", "y": "1"], 2)]))
        var histogram = Histogram(bounds: [250, 1_000])
        for value: Int64 in [0, 250, 251, 1_000, 1_001] { histogram.count(value) }
        text.write(name: "c_seconds", kind: .histogram, help: "Times.", .histogram(histogram, units: 1_000_000))
        #expect(
            text.text == """
                # HELP a_total Back\\\\slash and\\nline.
                # TYPE a_total counter
                a_total 3
                # HELP b Labels.
                # TYPE b gauge
                b{x="a\\"b\\\\c\\nd",y="1"} 2
                # HELP c_seconds Times.
                # TYPE c_seconds histogram
                c_seconds_bucket{le="0.00025"} 2
                c_seconds_bucket{le="0.001"} 4
                c_seconds_bucket{le="+Inf"} 5
                c_seconds_sum 0.002502
                c_seconds_count 5

                """)
    }
}
