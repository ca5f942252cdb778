import SpoolCore

/// A line of a configuration file, to make nodes with positions without a parser.
enum Line: Sendable {
    case key(String, String)
    case list(String, [String])
    case group(String, [Line])
    /// Adds a line without content.
    case skip

    var name: String? {
        switch self {
        case .key(let name, _), .list(let name, _), .group(let name, _): name
        case .skip: nil
        }
    }

    /// The group of these lines: each on its own line, from 1, those of a nested group after its name.
    static func node(_ lines: [Line], secrets: any SecretLookup = NoSecrets()) -> ConfigurationNode {
        var next = 1
        return node(lines, line: 1, &next, secrets)
    }

    private static func node(
        _ lines: [Line],
        line: Int,
        _ next: inout Int,
        _ secrets: any SecretLookup
    ) -> ConfigurationNode {
        var entries: [ConfigurationNode.Entry] = []
        for item in lines {
            let place = next
            next += 1
            let value: ConfigurationNode
            switch item {
            case .skip: continue
            case .key(_, let text): value = Self.value(.scalar(text), place, secrets)
            case .list(_, let texts):
                value = Self.value(
                    .sequence(texts.map { Self.value(.scalar($0), place, secrets) }),
                    place,
                    secrets
                )
            case .group(_, let lines): value = node(lines, line: place, &next, secrets)
            }
            entries.append(.init(key: item.name ?? "", line: place, column: 1, value: value))
        }
        return value(.mapping(entries), line, secrets)
    }

    private static func value(
        _ value: ConfigurationNode.Value,
        _ line: Int,
        _ secrets: any SecretLookup
    ) -> ConfigurationNode {
        ConfigurationNode(value: value, line: line, column: 1, secrets: secrets)
    }
}

struct NoSecrets: SecretLookup {
    func resolve(_ reference: String) throws(SecretFault) -> Secret { throw SecretFault("none here") }
}
