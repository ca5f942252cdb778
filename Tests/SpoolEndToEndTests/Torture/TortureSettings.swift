import Foundation
import SpoolTestSupport

/// How much of the torture tests runs: a short form by default, the long one with `make torture`.
enum TortureSettings {
    /// The seed of all random choices; another one with `SPOOL_TORTURE_SEED`.
    static let seed = number("SPOOL_TORTURE_SEED").map { UInt64($0) } ?? 1

    /// Images of a power cut (`SPOOL_TORTURE_IMAGES`).
    static let images = number("SPOOL_TORTURE_IMAGES") ?? 50

    /// The only image to run, by its number (`SPOOL_TORTURE_IMAGE`).
    static let image = number("SPOOL_TORTURE_IMAGE")

    /// A folder with an earlier recording, which makes images repeatable (`SPOOL_TORTURE_RECORDING`).
    static let recording = environment["SPOOL_TORTURE_RECORDING"]

    /// Rounds of random kills (`SPOOL_TORTURE_KILLS`).
    static let kills = number("SPOOL_TORTURE_KILLS") ?? 10

    /// Cases of disk faults per kind (`SPOOL_TORTURE_FAULTS`); 0 for every call in turn.
    static let faults = number("SPOOL_TORTURE_FAULTS") ?? 2

    /// Cases of damage (`SPOOL_TORTURE_DAMAGE`); 0 for all.
    static let damage = number("SPOOL_TORTURE_DAMAGE") ?? 12

    /// The only cases to run of disk faults and damage, by a part of their names (`SPOOL_TORTURE_CASE`).
    static let onlyCase = environment["SPOOL_TORTURE_CASE"]

    /// True if the spool is expected to recover from damage and from errors of the disk by itself
    /// (`SPOOL_TORTURE_RECOVERY=1`).
    ///
    /// Without it, what needs this recovery is left out. The switch goes once the recovery is built.
    static let expectsRecovery = environment["SPOOL_TORTURE_RECOVERY"] == "1"

    /// How many daemons run at a time.
    static let width = 2

    /// Where failed cases and the recording are kept.
    static let keptFolder = BuildFolder.path + "/torture"

    private static let environment = ProcessInfo.processInfo.environment

    private static func number(_ name: String) -> Int? { environment[name].flatMap { Int($0) } }

    /// Runs cases, some at a time, and returns their results in order.
    static func forEach<Case: Sendable, Result: Sendable>(
        _ cases: [Case],
        _ body: @escaping @Sendable (Case) async throws -> Result
    ) async throws -> [Result] {
        var results: [Int: Result] = [:]
        try await withThrowingTaskGroup(of: (Int, Result).self) { group in
            var next = 0
            while next < cases.count || results.count < next {
                if next < cases.count, next - results.count < width {
                    let (number, one) = (next, cases[next])
                    group.addTask { (number, try await body(one)) }
                    next += 1
                } else if let (number, result) = try await group.next() {
                    results[number] = result
                }
            }
        }
        return cases.indices.compactMap { results[$0] }
    }
}
