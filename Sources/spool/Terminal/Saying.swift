/// Messages of a running command: on standard output, or, if that is reserved for JSON, on standard error and
/// only in interactive use.
struct Saying {
    let isJSON: Bool

    func line(_ text: String) {
        if !isJSON { return Output.line(text) }
        if Output.isInteractive { Output.error(text) }
    }

    /// Asks a question on the terminal.
    func confirm(_ question: String) -> Bool {
        if isJSON { Output.errorText("\(question) [y/N] ") } else { Output.text("\(question) [y/N] ") }
        let answer = readLine()?.lowercased() ?? ""
        return answer == "y" || answer == "yes"
    }
}
