/// One number over time: its name, its highest value, and an area of steps.
struct Band: Sendable {
    /// Pixels for the name.
    static let head = 18

    let name: String
    /// One a step; nil where no daemon ran.
    let values: [Int?]
    /// Its class in the style.
    let look: String
    /// What is drawn at full height; more is cut.
    let top: Int
    let height: Int

    func svg(y: Int) -> HTML {
        let base = y + Self.head + height
        return """
            <text class="name" x="0" y="\(y + 13)">\(name)</text>\
            <text class="most" x="100%" y="\(y + 13)">\(most)</text>\
            <svg y="\(y + Self.head)" width="100%" height="\(height)" viewBox="0 0 \(values.count) \(height)" \
            preserveAspectRatio="none"><path class="\(look)" d="\(outline)"/></svg>\
            <line class="base" x1="0" x2="100%" y1="\(base)" y2="\(base)"/>
            """
    }

    /// The highest value in words, and that it is cut.
    var most: String {
        let peak = values.compactMap { $0 }.max() ?? 0
        guard peak > 0 else { return "none" }
        let cut = peak > top ? " (cut at \(Wording.number(top)))" : ""
        return "peak \(Wording.number(peak))\(cut)"
    }

    /// Steps as one area; what is more than nothing is at least one pixel high.
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
