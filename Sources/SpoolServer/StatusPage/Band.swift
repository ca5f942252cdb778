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
