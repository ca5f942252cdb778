import ArgumentParser
import SpoolCore

/// Numbers of the command line: each option has its bounds, so that no number reaches arithmetic it would overflow.
enum NumberOption {
    /// Refuses a number outside of its bounds.
    ///
    /// - Throws: `ValidationError`, which ends the command with exit code 2.
    static func check(_ option: String, _ number: Int, _ bounds: ClosedRange<Int>) throws {
        guard bounds.contains(number) else {
            throw ValidationError(
                "\(option) \(number): must be between \(Grouped.text(bounds.lowerBound)) and "
                    + Grouped.text(bounds.upperBound)
            )
        }
    }

    /// The same for a number with a fraction; what is not finite is outside.
    static func check(_ option: String, _ number: Double, _ bounds: ClosedRange<Double>) throws {
        guard bounds.contains(number) else {
            throw ValidationError(
                "\(option) \(number): must be between \(bounds.lowerBound) and \(bounds.upperBound)"
            )
        }
    }
}
