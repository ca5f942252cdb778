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
