import SpoolCore

/// The numbers of the chart by hour, as an accessible alternative.
struct DayTable: Sendable {
    private let figures: DayFigures

    /// Shows the same sinks as the chart.
    init(figures: DayFigures, troubled: Set<String> = []) {
        self.figures = figures.condensed(
            troubled: troubled,
            mostSinks: DayChart.mostSinks,
            mostLanes: DayChart.mostLanes
        )
    }

    var html: HTML {
        PageTable(
            caption: "The last 24 hours by hour",
            head: ["Hour, UTC", "Fetched"]
                + figures.sinks.flatMap { ["\($0.name): settled", "\($0.name): peak waiting"] },
            rows: hours.map(row)
        ).html
    }

    /// The steps of each hour, newest first; the first and the last hour may be incomplete.
    private var hours: [Range<Int>] {
        let perHour = Int(3_600_000 / DayFigures.step.milliseconds)
        let phase = Int(figures.from.milliseconds % 3_600_000 / DayFigures.step.milliseconds)
        var hours: [Range<Int>] = []
        var begin = 0
        while begin < figures.fetched.count {
            let end = min(figures.fetched.count, (begin + phase) / perHour * perHour + perHour - phase)
            hours.append(begin..<end)
            begin = end
        }
        return hours.reversed()
    }

    private func row(_ hour: Range<Int>) -> [PageTable.Cell] {
        let begin = figures.from + DayFigures.step * hour.lowerBound
        let name = Wording.time(
            Timestamp(milliseconds: begin.milliseconds / 3_600_000 * 3_600_000),
            now: figures.now
        )
        let counts = figures.sinks.flatMap { [sum($0.settled[hour]), most($0.waiting[hour])] }
        return [PageTable.Cell("\(name)"), cell(sum(figures.fetched[hour]))] + counts.map(cell)
    }

    private func sum(_ values: ArraySlice<Int?>) -> Int? {
        let known = values.compactMap { $0 }
        return known.isEmpty ? nil : known.reduce(0, +)
    }

    private func most(_ values: ArraySlice<Int?>) -> Int? { values.compactMap { $0 }.max() }

    private func cell(_ value: Int?) -> PageTable.Cell {
        PageTable.Cell("\(value.map(Wording.number) ?? "no daemon")", isNumber: true)
    }
}

/// A table with its caption and headings; narrow windows show each row as a block, with the headings beside
/// the cells.
///
/// Each cell's content is one element, so that a narrow window wraps it as text. The roles are explicit,
/// because browsers drop the implicit ones when CSS changes the layout of rows.
struct PageTable: Sendable {
    struct Cell: Sendable {
        var content: HTML
        var isNumber: Bool

        init(_ content: HTML, isNumber: Bool = false) {
            self.content = content
            self.isNumber = isNumber
        }
    }

    let caption: String
    let head: [String]
    let rows: [[Cell]]

    var html: HTML {
        let isNumber = head.indices.map { index in rows.first.map { $0[index].isNumber } ?? false }
        let heads = zip(head, isNumber).map { name, isNumber -> HTML in
            "<th scope=\"col\" role=\"columnheader\"\(Self.look(isNumber))>\(name)</th>"
        }
        let lines = rows.map { row -> HTML in
            let cells = zip(head, row).enumerated().map { index, pair -> HTML in
                let (name, cell) = pair
                return index == 0
                    ? "<th scope=\"row\" role=\"rowheader\">\(cell.content)</th>"
                    : """
                    <td role="cell" data-head="\(name)"\(Self.look(cell.isNumber))>\
                    <span>\(cell.content)</span></td>
                    """
            }
            return "<tr role=\"row\">\(cells)</tr>"
        }
        return """
            <table role="table"><caption class="hidden">\(caption)</caption>\
            <thead role="rowgroup"><tr role="row">\(heads)</tr></thead>\
            <tbody role="rowgroup">\(lines)</tbody></table>
            """
    }

    private static func look(_ isNumber: Bool) -> HTML { isNumber ? " class=\"number\"" : .none }
}
