/// A metric with all its series, as Prometheus knows it.
struct MetricFamily: Sendable, Equatable {
    enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    let name: String
    let kind: Kind
    let help: String
    var samples: [MetricSample] = []
}

/// One series of a metric and its value.
struct MetricSample: Sendable, Equatable {
    /// A name and its value.
    struct Label: Sendable, Equatable {
        let name: String
        let value: String

        init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// `_bucket`, `_sum` or `_count` of a histogram.
    var suffix = ""
    var labels: [Label] = []
    let value: Double
}
