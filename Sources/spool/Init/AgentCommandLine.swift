import SpoolNetwork

/// The command line of the vendor's retired SIEM agent, understood:
/// `java -jar mcas-siemagent-0.87.20-signed.jar [--logsDirectory DIRNAME] [--proxy ADDRESS[:PORT]] --token TOKEN`.
struct AgentCommandLine {
    /// Why a line is not understood; it never holds what may be the token.
    struct Problem: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }
    }

    let token: String
    let proxy: ProxyAddress?
    let logsDirectory: String?
    /// The version in the jar's name; the agent wrote it into each of its lines.
    let version: String?

    /// Reads the line; words may stand in quotes.
    init(_ line: String) throws(Problem) {
        var words = try Self.words(of: line)[...]
        // rc.local's way into the background.
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
            throw Problem("`--token TOKEN` is missing, which the agent could not do without")
        }
        guard token.allSatisfy({ $0.isASCII && !$0.isWhitespace }) else {
            throw Problem("what follows `--token` is no token: it holds blanks, or letters outside ASCII")
        }
        self.token = token
    }

    /// Passes over `java -jar NAME.jar`.
    private static func version(inJarOf words: inout ArraySlice<String>) throws(Problem) -> String? {
        let java = words.popFirst()?.split { "/\\".contains($0) }.last?.lowercased()
        guard let java, ["java", "java.exe", "javaw.exe"].contains(java), words.popFirst() == "-jar",
            let jar = words.popFirst(), jar.hasSuffix(".jar")
        else {
            throw Problem(
                "it does not begin with `java -jar NAME.jar`; options of Java itself mean nothing here: leave them out"
            )
        }
        let version = jar.split { "/\\".contains($0) }.last?.split(separator: "-").first {
            $0.contains(".") && $0.allSatisfy { $0 == "." || $0.isASCII && $0.isNumber }
        }
        return version.map(String.init)
    }

    /// Takes the options as pairs of name and value, `--name value` or `--name=value`.
    private static func options(_ words: ArraySlice<String>) throws(Problem) -> [String: String] {
        var rest = words
        var found: [String: String] = [:]
        while let word = rest.popFirst() {
            let name = String(word.prefix { $0 != "=" })
            guard ["--logsDirectory", "--proxy", "--token"].contains(name) else {
                // A word without a name may be half of a token.
                let shown =
                    word.hasPrefix("-")
                    ? "`\(name)`" : "word number \(words.count - rest.count) behind the jar"
                throw Problem(
                    "\(shown) is no argument of the agent; it had --logsDirectory, --proxy and --token"
                )
            }
            let value = name == word ? rest.popFirst() : String(word.dropFirst(name.count + 1))
            guard let value, !value.isEmpty, !value.hasPrefix("--") else {
                throw Problem("`\(name)` needs a value")
            }
            guard found.updateValue(value, forKey: name) == nil else {
                throw Problem("`\(name)` is there twice")
            }
        }
        return found
    }

    /// The words of a line, without their quotes; a backslash is part of a Windows path.
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
