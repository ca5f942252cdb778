import SpoolNetwork

/// The parsed command line of the vendor's retired SIEM agent:
/// `java -jar NAME.jar [--logsDirectory DIRNAME] [--proxy ADDRESS[:PORT]] --token TOKEN`.
struct AgentCommandLine {
    /// Why a line cannot be parsed; the text never contains anything that may be the token.
    struct Problem: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }
    }

    let token: String
    let proxy: ProxyAddress?
    let logsDirectory: String?
    /// The version in the jar's name; the agent wrote it into every line.
    let version: String?

    /// Parses the line; words may be quoted.
    init(_ line: String) throws(Problem) {
        var words = try Self.words(of: line)[...]
        // rc.local started the agent in the background.
        if words.last == "&" { words.removeLast() }
        version = try Self.version(inJarOf: &words)
        let options = try Self.options(words)
        logsDirectory = options["--logsDirectory"]
        do {
            proxy = try options["--proxy"].map { text throws(AddressProblem) in try ProxyAddress(text) }
        } catch {
            throw Problem("--proxy: \(error)")
        }
        guard let token = options["--token"] else {
            throw Problem("`--token TOKEN` is missing; the agent required it")
        }
        guard token.allSatisfy({ $0.isASCII && !$0.isWhitespace }) else {
            throw Problem(
                "the value of `--token` is not a token: it contains whitespace or a non-ASCII character"
            )
        }
        self.token = token
    }

    /// Skips `java -jar NAME.jar` and returns the version in the name.
    private static func version(inJarOf words: inout ArraySlice<String>) throws(Problem) -> String? {
        let java = words.popFirst()?.split { "/\\".contains($0) }.last?.lowercased()
        guard let java, ["java", "java.exe", "javaw.exe"].contains(java), words.popFirst() == "-jar",
            let jar = words.popFirst(), jar.hasSuffix(".jar")
        else {
            throw Problem(
                "it does not start with `java -jar NAME.jar`; leave out options of Java itself"
            )
        }
        let version = jar.split { "/\\".contains($0) }.last?.split(separator: "-").first {
            $0.contains(".") && $0.allSatisfy { $0 == "." || $0.isASCII && $0.isNumber }
        }
        return version.map(String.init)
    }

    /// Parses options of the form `--name value` or `--name=value`.
    private static func options(_ words: ArraySlice<String>) throws(Problem) -> [String: String] {
        var rest = words
        var found: [String: String] = [:]
        while let word = rest.popFirst() {
            let name = String(word.prefix { $0 != "=" })
            guard ["--logsDirectory", "--proxy", "--token"].contains(name) else {
                // A word without an option name may be part of a token, so it is not shown.
                let shown =
                    word.hasPrefix("-")
                    ? "`\(name)`" : "word \(words.count - rest.count) after the jar"
                throw Problem(
                    "\(shown) is not an argument of the agent; it had --logsDirectory, --proxy and --token"
                )
            }
            let value = name == word ? rest.popFirst() : String(word.dropFirst(name.count + 1))
            guard let value, !value.isEmpty, !value.hasPrefix("--") else {
                throw Problem("`\(name)` needs a value")
            }
            guard found.updateValue(value, forKey: name) == nil else {
                throw Problem("`\(name)` is given twice")
            }
        }
        return found
    }

    /// Splits a line into words and removes quotes; a backslash is part of a Windows path.
    private static func words(of line: String) throws(Problem) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        for character in line {
            if let open = quote {
                if character == open { quote = nil } else { word?.append(character) }
            } else if character == "\"" || character == "'" {
                quote = character
                word = word ?? ""
            } else if character.isWhitespace {
                if let done = word { words.append(done) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        guard quote == nil else { throw Problem("a quotation mark is not closed") }
        return words + (word.map { [$0] } ?? [])
    }
}
