/// What a command tells on its way: on standard output, or, where that is kept for JSON, only to somebody who is asked
/// something, on standard error.
struct Saying {
    let isJSON: Bool

    func line(_ text: String) {
        if !isJSON { return Output.line(text) }
        if Output.isInteractive { Output.error(text) }
    }

    /// Asks on a terminal.
    func confirm(_ question: String) -> Bool {
        if isJSON { Output.errorText("\(question) [y/N] ") } else { Output.text("\(question) [y/N] ") }
        let answer = readLine()?.lowercased() ?? ""
        return answer == "y" || answer == "yes"
    }
}
