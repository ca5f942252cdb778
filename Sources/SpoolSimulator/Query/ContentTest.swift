/// One operator of a filter on a record's content.
struct ContentTest {
    let matches: @Sendable (RecordTraits) -> Bool

    init(
        _ kind: FilterVocabulary.Kind,
        _ operation: String,
        _ operand: JSONValue,
        name: String
    ) throws(FieldError) {
        switch kind {
        case .time:
            throw FieldError(field: name, message: "Unsupported operator \(operation)")
        case .number(let values):
            let wanted = operand.elements.compactMap(\.integer)
            guard wanted.count == operand.elements.count else {
                throw FieldError(field: name, message: "\(operation) needs numbers")
            }
            let isNegative = operation == "neq"
            matches = { traits in values(traits).contains(where: wanted.contains) != isNegative }
        case .flag(let value):
            guard let wanted = operand.elements.first?.bool else {
                throw FieldError(field: name, message: "\(operation) needs a boolean")
            }
            matches = { value($0) == wanted }
        case .text(let values):
            matches = try Self.text(values, operation, operand, name: name)
        }
    }

    private static func text(
        _ values: @escaping @Sendable (RecordTraits) -> [String],
        _ operation: String,
        _ operand: JSONValue,
        name: String
    ) throws(FieldError) -> @Sendable (RecordTraits) -> Bool {
        if operation == "isset" || operation == "isnotset" {
            let wanted = (operand.bool ?? true) == (operation == "isset")
            return { values($0).isEmpty != wanted }
        }
        let wanted = operand.elements.compactMap(\.string)
        guard wanted.count == operand.elements.count else {
            throw FieldError(field: name, message: "\(operation) needs strings")
        }
        let isNegative = ["neq", "ncontains", "doesnotstartwith"].contains(operation)
        let holds: @Sendable (String, String) -> Bool =
            switch operation {
            case "contains", "ncontains": { $0.contains($1) }
            case "startswith", "doesnotstartwith": { $0.hasPrefix($1) }
            default: { $0 == $1 }
            }
        return { traits in
            values(traits).contains { value in wanted.contains { holds(value, $0) } } != isNegative
        }
    }
}
