import Synchronization
import Testing

@testable import spool

@Suite("The demo's picture")
struct DemoPictureTests {
    private func picture(isUp: Bool = true, numbers: Int = 1_234_567) -> DemoPicture {
        var picture = DemoPicture()
        picture.rate = 40
        picture.shown = numbers
        picture.shownAlerts = numbers / 50
        picture.spooled = numbers
        picture.unsettled = 80
        picture.received = numbers
        picture.receivedEvents = numbers - 329
        picture.isUp = isUp
        picture.begin("events flow")
        picture.begin("the SIEM is down")
        picture.recent = [DemoPicture.Recent(time: "09:11:54", text: String(repeating: "long ", count: 40))]
        return picture
    }

    /// Text without colours and other controls.
    private func plain(_ text: String) -> String {
        text.replacing(#/\u{1B}\[[0-9;]*[A-Za-z]/#, with: "")
    }

    @Test(
        "no line is wider than 78 columns, whatever its content",
        arguments: [0, 9, 1_234_567],
        [true, false]
    )
    func width(_ numbers: Int, _ isUp: Bool) {
        var picture = picture(isUp: isUp, numbers: numbers)
        for _ in 0..<500 { picture.remember() }

        #expect(picture.drawn().allSatisfy { $0.width <= 78 })
    }

    @Test("the sides of the boxes are aligned, with and without colours", arguments: [true, false])
    func boxes(_ color: Bool) {
        let lines = picture(isUp: false).drawn().map { plain($0.rendered(color: color)) }

        let corners = lines.first { $0.contains("╭") }.map { columns(of: "╭╮", in: $0) } ?? []
        let sides = lines.filter { $0.contains("│") }.map { columns(of: "│", in: $0) }
        #expect(corners.count == 6)
        #expect(sides.count == 3)
        #expect(sides.allSatisfy { $0 == corners })
    }

    @Test("colours do not change the text")
    func colors() {
        let lines = picture().drawn()

        #expect(lines.map { plain($0.rendered(color: true)) } == lines.map { $0.rendered(color: false) })
    }

    @Test("a line is cut at the edge of the terminal, and its colours are reset")
    func clips() {
        let line = StyledText("abc", .red) + StyledText("def", .bold)

        #expect(line.clipped(to: 4).rendered(color: true) == "\u{1B}[31mabc\u{1B}[0m\u{1B}[1md\u{1B}[0m")
        #expect(line.clipped(to: 0).width == 0)
    }

    @Test("the chart keeps its width and its peak, however long it runs")
    func chart() {
        let moments = (0..<1_000).map { BacklogChart.Moment(waiting: $0 == 500 ? 900 : 1, isUp: true) }
        let chart = BacklogChart(moments: moments, width: 76, height: 4)

        #expect(chart.peak == 900)
        #expect(chart.lines.map(\.width) == [76, 76, 76, 76])
        #expect(chart.lines[0].rendered(color: false).filter { $0 == "█" }.count == 1)
        #expect(chart.lines[3].rendered(color: false).allSatisfy { $0 != " " })
    }

    @Test("in a pipe each state is one plain line, and none is repeated")
    func plainLines() {
        let written = Mutex("")
        let screen = DemoScreen(isTerminal: false, color: true) { text in written.withLock { $0 += text } }
        let picture = picture()

        screen.show(picture)
        screen.show(picture)

        let text = written.withLock { $0 }
        #expect(text == picture.line + "\n")
        #expect(!text.contains("\u{1B}"))
    }

    private func columns(of characters: String, in line: String) -> [Int] {
        line.enumerated().filter { characters.contains($0.element) }.map(\.offset)
    }
}
