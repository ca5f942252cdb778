extension String {
    /// Without blanks and line ends at its end.
    var trimmingEnd: String {
        var text = Substring(self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
