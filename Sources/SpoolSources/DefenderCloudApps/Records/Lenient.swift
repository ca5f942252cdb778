/// Types that decode any JSON value: an unexpected value of an unimportant field must not make the record
/// unreadable.
///
/// None of their initializers throws. Some records contain numbers as texts, texts as numbers, or objects as
/// null.
enum Lenient {
    /// A text; numbers and flags are converted to text, anything else is empty.
    struct Text: Decodable, Sendable {
        let value: String

        init(from decoder: any Decoder) {
            guard let container = try? decoder.singleValueContainer() else {
                value = ""
                return
            }
            if let text = try? container.decode(String.self) {
                value = text
            } else if let number = try? container.decode(Int64.self) {
                value = String(number)
            } else if let flag = try? container.decode(Bool.self) {
                value = flag ? "true" : "false"
            } else if let number = try? container.decode(Double.self) {
                value = String(number)
            } else {
                value = ""
            }
        }
    }

    /// A whole number, also from a text or with a fraction of zero; nil for anything else.
    struct Number: Decodable, Sendable {
        let value: Int64?

        init(from decoder: any Decoder) {
            guard let container = try? decoder.singleValueContainer() else {
                value = nil
                return
            }
            if let number = try? container.decode(Int64.self) {
                value = number
            } else if let number = try? container.decode(Double.self) {
                value = Int64(exactly: number)
            } else if let text = try? container.decode(String.self) {
                value = Int64(text)
            } else {
                value = nil
            }
        }
    }

    /// A value of the expected shape, or nil.
    struct Maybe<Value: Decodable & Sendable>: Decodable, Sendable {
        let value: Value?

        init(from decoder: any Decoder) { value = try? Value(from: decoder) }
    }

    /// A list of values of the expected shape, with nil for other elements; empty if the value is not a list.
    struct List<Value: Decodable & Sendable>: Decodable, Sendable {
        let values: [Value?]

        init(from decoder: any Decoder) {
            values = ((try? [Maybe<Value>](from: decoder)) ?? []).map(\.value)
        }
    }
}
