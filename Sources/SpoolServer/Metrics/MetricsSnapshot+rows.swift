import SpoolCore
import SpoolStore

/// Builds metric families from rows of the status.
extension MetricsSnapshot {
    func one(_ name: String, _ kind: MetricFamily.Kind, _ help: String, _ value: Double)
        -> MetricFamily
    {
        MetricFamily(name: name, kind: kind, help: help, samples: [MetricSample(value: value)])
    }

    func streams(
        _ name: String,
        _ kind: MetricFamily.Kind,
        _ help: String,
        _ value: (SpoolStatus.Stream) -> Double?
    ) -> MetricFamily {
        let samples = streams.compactMap { stream in
            value(stream).map {
                MetricSample(labels: [Label("stream", stream.name.description)], value: $0)
            }
        }
        return MetricFamily(name: name, kind: kind, help: help, samples: samples)
    }

    func sinks(
        _ name: String,
        _ kind: MetricFamily.Kind,
        _ help: String,
        _ value: (SpoolStatus.Sink) -> Double?
    ) -> MetricFamily {
        let samples = sinks.compactMap { sink in
            value(sink).map { MetricSample(labels: [Label("sink", sink.name.text)], value: $0) }
        }
        return MetricFamily(name: name, kind: kind, help: help, samples: samples)
    }

    func subscriptions(
        _ name: String,
        _ kind: MetricFamily.Kind,
        _ help: String,
        _ value: (SpoolStatus.Subscription) -> Double
    ) -> MetricFamily {
        let samples = eachSubscription { [MetricSample(labels: $0, value: value($1))] }
        return MetricFamily(name: name, kind: kind, help: help, samples: samples)
    }

    func eachSubscription(
        _ samples: ([MetricSample.Label], SpoolStatus.Subscription) -> [MetricSample]
    ) -> [MetricSample] {
        sinks.flatMap { sink in
            sink.subscriptions.flatMap { subscription in
                samples(
                    [Label("sink", sink.name.text), Label("stream", subscription.stream.description)],
                    subscription
                )
            }
        }
    }

    func histogram(_ name: String, _ help: String, _ rows: [(MetricSample.Label, LagHistogram?)])
        -> MetricFamily
    {
        let samples = rows.flatMap { label, measured in
            let lags = measured ?? LagHistogram()
            let bounds = LagHistogram.bounds.map(String.init) + ["+Inf"]
            var below = 0
            let buckets = zip(bounds, lags.counts).map { bound, count in
                below += count
                return MetricSample(
                    suffix: "_bucket",
                    labels: [label, Label("le", bound)],
                    value: Double(below)
                )
            }
            return buckets + [
                MetricSample(suffix: "_sum", labels: [label], value: Double(lags.sum) / 1_000),
                MetricSample(suffix: "_count", labels: [label], value: Double(lags.count)),
            ]
        }
        return MetricFamily(name: name, kind: .histogram, help: help, samples: samples)
    }

    func seconds(_ time: Timestamp) -> Double { Double(time.milliseconds) / 1_000 }
    func seconds(_ length: Duration) -> Double { Double(length.milliseconds) / 1_000 }
    func lag(_ time: Timestamp) -> Double { max(0, seconds(at.since(time))) }
}
