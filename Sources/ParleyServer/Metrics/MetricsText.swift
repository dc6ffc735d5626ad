import ParleyEngine

/// What a metric is at the moment of a scrape.
enum MetricValue {
    case number(Int)
    case seconds(Double)
    case labelled([Sample])
    /// So many of the histogram's units make one of the metric's: a million where microseconds are told in seconds.
    case histogram(Histogram, units: Double)
}

/// One number of a metric that has several: names of labels, each with its value, and the number.
struct Sample {
    let labels: KeyValuePairs<String, String>
    let value: Int

    init(_ labels: KeyValuePairs<String, String>, _ value: Int) {
        self.labels = labels
        self.value = value
    }
}

/// The text format of Prometheus, version 0.0.4: one metric after the other, each with its help and type.
struct MetricsText {
    private(set) var text = ""

    mutating func write(name: String, kind: MetricKind, help: String, _ value: MetricValue) {
        self.text += "# HELP \(name) \(Self.escaped(help, quote: false))\n# TYPE \(name) \(kind.rawValue)\n"
        switch value {
        case .number(let number): self.text += "\(name) \(number)\n"
        case .seconds(let seconds): self.text += "\(name) \(seconds)\n"
        case .labelled(let samples):
            for sample in samples {
                let labels = sample.labels.map { "\($0)=\"\(Self.escaped($1, quote: true))\"" }
                self.text += "\(name){\(labels.joined(separator: ","))} \(sample.value)\n"
            }
        case .histogram(let histogram, let units): self.write(name, histogram, units)
        }
    }

    private mutating func write(_ name: String, _ histogram: Histogram, _ units: Double) {
        var total: Int64 = 0
        for (place, bound) in histogram.bounds.enumerated() {
            total += histogram.counts[place]
            self.text += "\(name)_bucket{le=\"\(Double(bound) / units)\"} \(total)\n"
        }
        self.text += "\(name)_bucket{le=\"+Inf\"} \(histogram.total)\n"
        self.text += "\(name)_sum \(Double(histogram.sum) / units)\n\(name)_count \(histogram.total)\n"
    }

    private static func escaped(_ text: String, quote: Bool) -> String {
        var out = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\"" where quote: out += "\\\""
            default: out.unicodeScalars.append(character)
            }
        }
        return out
    }
}
