import SpoolCore
import SpoolStore
import Testing

@testable import SpoolServer

@Suite("The chart of the last 24 hours")
struct DayChartTests {
    /// 00:34 UTC of 2026-11-19.
    private static let now = Timestamp(milliseconds: 1_795_046_400_000) + .minutes(34)

    private func figures(_ change: (inout DayFigures) -> Void = { _ in }) -> DayFigures {
        var figures = DayFigures.empty(at: Self.now)
        change(&figures)
        return figures
    }

    private func band(_ values: [Int?], top: Int, height: Int) -> Band {
        Band(name: "n", values: values, look: "l", top: top, height: height)
    }

    @Test("an area is stepped, and closed at the bottom")
    func outline() {
        let band = band([0, 50, 50, 100, nil, 1], top: 100, height: 40)

        #expect(band.outline == "M0 40H1V20H3V0H4V40H5V39H6V40Z")
        #expect(band.most == "peak 100")
    }

    @Test("a small value is visible beside a very large one")
    func little() {
        #expect(band([1, 1_000_000], top: 1_000_000, height: 50).outline == "M0 50H0V49H1V0H2V50Z")
    }

    @Test("values above the top are cut, and the text says so")
    func cut() {
        let band = band([100, 5_000], top: 200, height: 10)

        #expect(band.outline == "M0 10H0V5H1V0H2V10Z")
        #expect(band.most == "peak 5,000 (cut at 200)")
    }

    @Test("no values draw nothing", arguments: [[], [nil, nil], [0, 0]] as [[Int?]])
    func nothing(values: [Int?]) {
        #expect(band(values, top: 0, height: 50).outline == "")
        #expect(band(values, top: 0, height: 50).most == "none")
    }

    @Test("events in transit in a quiet hour are drawn small compared with fetched ones")
    func steady() {
        let figures = figures { figures in
            figures.fetched = figures.fetched.map { _ in 1_000 }
            figures.sinks = [
                DayFigures.SinkDay(
                    name: "siem",
                    settled: figures.fetched,
                    waiting: figures.fetched.map { _ in 20 }
                )
            ]
        }

        #expect(DayChart(figures: figures).svg.text.contains("class=\"waiting\" d=\"M0 56H0V55H144V56Z\""))
    }

    @Test(
        "shares are written in hundredths of a percent",
        arguments: [(0, "0%"), (1, "100%"), (0.5, "50%"), (1.0 / 144, "0.69%"), (0.1005, "10.05%")]
            as [(Double, String)]
    )
    func percent(share: Double, text: String) {
        #expect(DayChart.percent(share) == text)
    }

    @Test("the text of the drawing has the totals, the peak with its time, and gaps")
    func words() {
        let figures = figures {
            $0.fetched[10] = 600
            $0.fetched[11] = 700
            var sink = DayFigures.SinkDay(
                name: "siem",
                settled: $0.fetched.map { _ in 0 },
                waiting: $0.fetched.map { _ in 0 }
            )
            sink.settled[12] = 1_300
            sink.waiting[11] = 1_250
            $0.sinks = [sink]
            $0.lanes = [
                .init(
                    "a/b",
                    start: Self.now - .days(3),
                    gaps: [CoverageLane.Span(from: Self.now - .hours(3), to: Self.now - .hours(2))],
                    now: Self.now
                )
            ]
        }

        let words = DayChart(figures: figures).words

        #expect(
            words.hasPrefix(
                "1,300 events fetched. siem: 1,300 settled, at most 1,250 waited at 02:30, 0 in the last"
            )
        )
        #expect(words.hasSuffix("a/b: 1 gap, 1 h in total."))
    }

    @Test("names are escaped everywhere")
    func escaping() {
        let figures = figures {
            $0.sinks = [DayFigures.SinkDay(name: "<b>\"x\"", settled: $0.fetched, waiting: $0.fetched)]
            $0.lanes = [.init("a&b/<i>", start: nil, gaps: [], now: Self.now)]
        }

        let svg = DayChart(figures: figures).svg.text

        #expect(!svg.contains("<b>") && !svg.contains("<i>") && !svg.contains("a&b"))
        #expect(svg.contains("&lt;b&gt;&quot;x&quot;: waiting") && svg.contains("a&amp;b/&lt;i&gt;"))
    }

    @Test("a time without a daemon is drawn as one stretch, and named in the tooltips")
    func off() {
        let figures = figures { for index in 20..<26 { $0.fetched[index] = nil } }

        let svg = DayChart(figures: figures).svg.text

        #expect(svg.matches(of: #/class="off"/#).count == 1)
        #expect(svg.contains("class=\"off\" x=\"13.89%\" y=\"0\" width=\"4.17%\""))
        #expect(svg.matches(of: #/no daemon ran/#).count == 6)
    }

    @Test("the number of bands and lanes is limited")
    func bounds() {
        let figures = figures { figures in
            figures.sinks = (0..<50).map {
                DayFigures.SinkDay(name: "sink\($0)", settled: figures.fetched, waiting: figures.fetched)
            }
            figures.lanes = (0..<200).map { .init("s/\($0)", start: nil, gaps: [], now: Self.now) }
        }

        let svg = DayChart(figures: figures).svg.text

        #expect(svg.matches(of: #/<path /#).count == 1 + 2 * (DayChart.mostSinks + 1))
        #expect(svg.contains("44 other sinks: waiting"))
        #expect(svg.contains("188 more streams: no gaps"))
        #expect(svg.utf8.count < 100_000)
    }

    @Test("sinks and streams with problems are drawn first, and the rest is added up")
    func troubleFirst() {
        let figures = figures { figures in
            let steps = figures.fetched.count
            figures.sinks = (0..<32).map { (index: Int) in
                let waiting = [Int?](repeating: nil, count: 10) + [Int?](repeating: index, count: steps - 10)
                return DayFigures.SinkDay(
                    name: "sink\(index)",
                    settled: [Int?](repeating: 1, count: steps),
                    waiting: waiting
                )
            }
            let gap = CoverageLane.Span(from: Self.now - .hours(2), to: Self.now - .hours(1))
            figures.lanes = (0..<20).map {
                .init("s/\($0)", start: nil, gaps: $0 == 19 ? [gap] : [], now: Self.now)
            }
        }

        let shown = figures.condensed(troubled: ["sink30", "sink31"], mostSinks: 6, mostLanes: 12)
        let table = DayTable(figures: figures, troubled: ["sink30", "sink31"]).html.text

        #expect(shown.sinks.map(\.name).prefix(4) == ["sink30", "sink31", "sink0", "sink1"])
        #expect(shown.sinks.last?.name == "26 other sinks")
        #expect(shown.sinks.last?.settled.last == 26)
        #expect(shown.sinks.last?.waiting.first == .some(nil))
        #expect(
            shown.sinks.last?.waiting.last == (4...29).reduce(0, +),
            "0 to 3 are drawn beside the troubled ones"
        )
        #expect(shown.lanes.first?.name == "s/19" && shown.lanes.count == 12 && shown.otherLanes.count == 8)
        #expect(table.contains("sink31: settled") && table.contains("26 other sinks: peak waiting"))
        #expect(!table.contains("sink9: settled"))
    }

    @Test("the markup has no style attributes, which the policy of the page forbids")
    func policy() {
        #expect(!DayChart(figures: figures()).svg.text.contains("style="))
    }

    @Test("the table has each hour once, newest first, with the same totals")
    func table() {
        let figures = figures {
            $0.fetched = $0.fetched.indices.map { $0 }
            $0.sinks = [DayFigures.SinkDay(name: "siem", settled: $0.fetched, waiting: $0.fetched)]
        }

        let html = DayTable(figures: figures).html.text
        let hours = html.matches(of: #/role="rowheader">([^<]*)</#).map { String($0.1) }
        let fetched = html.matches(of: #/data-head="Fetched" class="number"><span>([\d,]+)</#)
            .compactMap { Int($0.1.replacing(",", with: "")) }

        #expect(hours.count == 25)
        #expect(hours.first == "00:00" && hours.last == "2026-11-18 00:00", "\(hours)")
        #expect(fetched.reduce(0, +) == 143 * 144 / 2)
    }
}

@Suite("Figures of a day")
struct DayFiguresTests {
    private static let now = Timestamp(milliseconds: 1_795_046_400_000) + .minutes(34)

    @Test("the last step contains the current time, and the first begins 24 hours before its end")
    func window() {
        let wanted = DayFigures.wanted(Self.now)

        #expect(wanted.count == 145)
        #expect(wanted.from + DayFigures.step * 145 == Self.now - .minutes(4) + .minutes(10))
    }

    @Test("a lane is re-read up to the sweep, read once up to the cursor, and unread after it")
    func lane() {
        var lane = CoverageLane("a/b", start: Self.now - .hours(30), gaps: [], now: Self.now)
        lane.sweptTo = Self.now - .hours(2)
        lane.readTo = Self.now - .hours(1)
        lane.gaps = [CoverageLane.Span(from: Self.now - .hours(40), to: Self.now - .hours(23))]
        lane.late = [CoverageLane.Span(from: Self.now - .hours(9), to: Self.now - .hours(8))]

        let stretches = lane.stretches(from: Self.now - .hours(24), to: Self.now)

        #expect(
            stretches == [
                .init(kind: .twice, from: Self.now - .hours(24), to: Self.now - .hours(2)),
                .init(kind: .once, from: Self.now - .hours(2), to: Self.now - .hours(1)),
                .init(kind: .unread, from: Self.now - .hours(1), to: Self.now),
                .init(kind: .late, from: Self.now - .hours(9), to: Self.now - .hours(8)),
                .init(kind: .gap, from: Self.now - .hours(24), to: Self.now - .hours(23)),
            ]
        )
    }

    @Test("a stream that has not started has an empty lane")
    func notBegun() {
        var lane = CoverageLane("a/b", start: nil, gaps: [], now: Self.now)
        lane.readTo = nil

        #expect(lane.stretches(from: Self.now - .hours(24), to: Self.now).isEmpty)
        #expect(lane.summary(now: Self.now) == "not read yet")
    }
}

extension DayFigures {
    /// A day on which nothing happened while a daemon ran.
    static func empty(at now: Timestamp) -> DayFigures {
        DayFigures(
            from: begin(now),
            now: now,
            fetched: [Int?](repeating: 0, count: count),
            sinks: [],
            lanes: []
        )
    }
}

extension CoverageLane {
    /// A lane that has been read up to now.
    init(_ name: String, start: Timestamp?, gaps: [CoverageLane.Span], now: Timestamp) {
        self.init(name: name, start: start, sweptTo: now, readTo: now, gaps: gaps)
    }
}
