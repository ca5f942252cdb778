import SpoolCore

/// The last 24 hours as one drawing: fetched, settled and waiting events above each other on one time axis,
/// and which parts of each stream's time have been read.
///
/// Widths are percentages and heights are pixels, so that text is not scaled with the window.
struct DayChart: Sendable {
    /// More sinks would not fit: the others are added up in one more band.
    static let mostSinks = 6
    static let mostLanes = 12

    private let figures: DayFigures

    /// `troubled` are the sinks and streams to draw first.
    init(figures: DayFigures, troubled: Set<String> = []) {
        self.figures = figures.condensed(
            troubled: troubled,
            mostSinks: Self.mostSinks,
            mostLanes: Self.mostLanes
        )
    }

    var svg: HTML {
        var y = 0
        var bands: [HTML] = []
        let (pace, hill) = (pace, hill)
        func band(_ name: String, _ values: [Int?], _ look: String, top: Int, height: Int) {
            bands.append(Band(name: name, values: values, look: look, top: top, height: height).svg(y: y))
            y += Band.head + height + 8
        }
        band("Fetched", figures.fetched, "fetched", top: Self.peak(figures.fetched), height: 56)
        for sink in figures.sinks {
            let top = min(Self.peak(sink.settled), pace * 2)
            band("\(sink.name): settled", sink.settled, "settled", top: top, height: 44)
            band("\(sink.name): waiting", sink.waiting, "waiting", top: hill, height: 56)
        }
        let off = off(height: y)
        for lane in figures.lanes {
            bands.append(self.lane(lane, y: y))
            y += 34
        }
        if let others {
            bands.append("<text class=\"name\" x=\"0\" y=\"\(y + 13)\">\(others)</text>")
            y += 20
        }
        let axis = axis(y: y)
        let height = y + 20
        return """
            <svg class="day" width="100%" height="\(height)" role="img" aria-labelledby="day-title day-words">
            <title id="day-title">The last 24 hours</title><desc id="day-words">\(words)</desc>
            \(Self.patterns)\(axis)\(off)\(bands)\(hovers(height: y))</svg>
            """
    }

    /// The drawing as text.
    var words: String {
        let total = figures.fetched.reduce(0) { $0 + ($1 ?? 0) }
        let sinks = figures.sinks.map { sink in
            let settled = sink.settled.reduce(0) { $0 + ($1 ?? 0) }
            let peak = sink.waiting.compactMap { $0 }.max() ?? 0
            let at = sink.waiting.firstIndex { $0 == peak }.map { " at \(clock($0))" } ?? ""
            let most = peak == 0 ? "none waited" : "at most \(Wording.number(peak)) waited\(at)"
            let last = Wording.number(sink.waiting.last.flatMap { $0 } ?? 0)
            return
                "\(sink.name): \(Wording.number(settled)) settled, \(most), \(last) in the last ten minutes."
        }
        let lanes = figures.lanes.map { "\($0.name): \($0.summary(now: figures.now))." }
        let rest = others.map { ["\($0)."] } ?? []
        return (["\(Wording.count(total, "event")) fetched."] + sinks + lanes + rest).joined(separator: " ")
    }

    /// The lanes that are not drawn, as text: they have gaps only if all drawn lanes have gaps.
    private var others: String? {
        guard !figures.otherLanes.isEmpty else { return nil }
        let gaps = figures.otherLanes.flatMap(\.gaps)
        return "\(Wording.count(figures.otherLanes.count, "more stream")): "
            + (gaps.isEmpty ? "no gaps" : CoverageLane.words(gaps))
    }

    /// The basis for the full height of settled events: a drain may be a hundred times the usual rate, which
    /// would otherwise be a flat line.
    private var pace: Int { max(1, Self.peak(figures.fetched)) }

    /// The full height of waiting events: the same for all sinks, and at least the peak of fetched events, so
    /// that events in transit look small.
    private var hill: Int { max(pace, figures.sinks.map { Self.peak($0.waiting) }.max() ?? 0) }

    private static func peak(_ values: [Int?]) -> Int { values.compactMap { $0 }.max() ?? 0 }

    private func lane(_ lane: CoverageLane, y: Int) -> HTML {
        let stretches = lane.stretches(from: figures.from, to: figures.now).map { stretch -> HTML in
            let (x, end) = (place(stretch.from), place(stretch.to))
            return """
                <rect class="\(stretch.kind.rawValue)" x="\(Self.percent(x))" y="\(y + 18)" \
                width="\(Self.percent(end - x))" height="10"/>
                """
        }
        return """
            <text class="name" x="0" y="\(y + 13)">\(lane.name)</text>\
            <text class="most" x="100%" y="\(y + 13)">\(lane.summary(now: figures.now))</text>\(stretches)
            """
    }

    /// Times without a daemon, drawn over the bands.
    private func off(height: Int) -> HTML {
        var runs: [Range<Int>] = []
        for (index, value) in figures.fetched.enumerated() where value == nil {
            if let last = runs.last, last.upperBound == index {
                runs[runs.count - 1] = last.lowerBound..<(index + 1)
            } else {
                runs.append(index..<(index + 1))
            }
        }
        let rects = runs.map { run -> HTML in
            let (x, end) = (share(run.lowerBound), share(run.upperBound))
            return """
                <rect class="off" x="\(Self.percent(x))" y="0" width="\(Self.percent(end - x))" \
                height="\(height - 8)"/>
                """
        }
        return "\(rects)"
    }

    private func axis(y: Int) -> HTML {
        let hour: Int64 = 3_600_000
        let first = (figures.from.milliseconds + 3 * hour - 1) / (3 * hour)
        let last = (figures.to.milliseconds - 1) / (3 * hour)
        let ticks = (first...last).map { index -> HTML in
            let time = Timestamp(milliseconds: index * 3 * hour)
            let x = place(time)
            let label: HTML =
                x > 0.05 && x < 0.95
                ? "<text class=\"hour\" x=\"\(Self.percent(x))\" y=\"\(y + 14)\">\(clock(time))</text>"
                : .none
            return """
                <line class="grid" x1="\(Self.percent(x))" x2="\(Self.percent(x))" y1="0" y2="\(y)"/>\(label)
                """
        }
        return "\(ticks)"
    }

    /// Tooltips with the values of each step.
    private func hovers(height: Int) -> HTML {
        let rects = figures.fetched.indices.map { index -> HTML in
            """
            <rect class="at" x="\(Self.percent(share(index)))" y="0" width="\(Self.percent(share(1)))" \
            height="\(height)"><title>\(tip(index))</title></rect>
            """
        }
        return "\(rects)"
    }

    private func tip(_ index: Int) -> String {
        let span = "\(clock(index))–\(clock(index + 1)) UTC"
        guard let fetched = figures.fetched[index] else { return "\(span)\nno daemon ran" }
        let sinks = figures.sinks.map { sink in
            "\(sink.name): settled \(Wording.number(sink.settled[index] ?? 0)), "
                + "waiting \(Wording.number(sink.waiting[index] ?? 0))"
        }
        return ([span, "fetched \(Wording.number(fetched))"] + sinks).joined(separator: "\n")
    }

    private func clock(_ index: Int) -> String { clock(figures.from + DayFigures.step * index) }

    private func clock(_ time: Timestamp) -> String { String(time.description.dropFirst(11).prefix(5)) }

    private func share(_ index: Int) -> Double { Double(index) / Double(DayFigures.count) }

    /// The position of a time between the left and the right edge, from 0 to 1.
    private func place(_ time: Timestamp) -> Double {
        let whole = Double(figures.to.since(figures.from).milliseconds)
        return min(1, max(0, Double(time.since(figures.from).milliseconds) / whole))
    }

    /// A percentage with at most two decimals.
    static func percent(_ share: Double) -> String {
        let hundredths = Int((share * 10_000).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100)" + (rest == 0 ? "" : rest < 10 ? ".0\(rest)" : ".\(rest)") + "%"
    }

    /// Hatch patterns, so that no information depends on colour alone.
    private static let patterns: HTML = """
        <defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" \
        patternTransform="rotate(45)"><rect class="hatch" width="2" height="6"/></pattern>\
        <pattern id="cross" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">\
        <rect class="cross" width="2" height="5"/><rect class="cross" width="5" height="2"/></pattern>\
        <pattern id="dots" width="4" height="4" patternUnits="userSpaceOnUse">\
        <rect class="ground" width="4" height="4"/><rect class="dot" width="2" height="4"/></pattern></defs>
        """
}

/// One value over time: its name, its peak, and a stepped area.
struct Band: Sendable {
    /// Height of the name in pixels.
    static let head = 18

    let name: String
    /// One value per step; nil if no daemon was running.
    let values: [Int?]
    /// The CSS class.
    let look: String
    /// The value drawn at full height; higher values are cut.
    let top: Int
    let height: Int

    func svg(y: Int) -> HTML {
        let base = y + Self.head + height
        return """
            <text class="name" x="0" y="\(y + 13)">\(name)</text>\
            <text class="most" x="100%" y="\(y + 13)">\(most)</text>\
            <svg y="\(y + Self.head)" width="100%" height="\(height)" \
            viewBox="0 0 \(values.count) \(height)" preserveAspectRatio="none">\
            <path class="\(look)" d="\(outline)"/></svg>\
            <line class="base" x1="0" x2="100%" y1="\(base)" y2="\(base)"/>
            """
    }

    /// The peak as text, with a note if it is cut.
    var most: String {
        let peak = values.compactMap { $0 }.max() ?? 0
        guard peak > 0 else { return "none" }
        let cut = peak > top ? " (cut at \(Wording.number(top)))" : ""
        return "peak \(Wording.number(peak))\(cut)"
    }

    /// The steps as one area; a value above 0 is at least one pixel high.
    var outline: String {
        guard top > 0 else { return "" }
        var path = "M0 \(height)"
        var level = 0
        for (index, value) in values.enumerated() {
            let share = Double(min(top, value ?? 0)) * Double(height) / Double(top)
            let next = value ?? 0 > 0 ? max(1, Int(share.rounded())) : 0
            if next != level {
                path += "H\(index)V\(height - next)"
                level = next
            }
        }
        return path + "H\(values.count)V\(height)Z"
    }
}
