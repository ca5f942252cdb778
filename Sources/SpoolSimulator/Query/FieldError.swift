/// A request that the portal refuses, and the field that is to blame.
struct FieldError: Error {
    var field: String
    var message: String
    var code = "CONSOLE_FORMS_FIELD_INVALID"

    /// The body of the answer, keyed by the field.
    var body: JSONValue {
        let detail: JSONValue = .object(["error": .string(message), "errorMessageCode": .string(code)])
        return .object([field: .array([detail]), "error": .bool(true)])
    }
}
