import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Testing

extension Torture {
    /// Power cuts at random points of a recorded run.
    ///
    /// The recording is kept in `.build/debug/torture/recording`, and its images follow from the seed. One image
    /// is repeated, and its files kept, with the same `SPOOL_TORTURE_SEED` and
    /// `SPOOL_TORTURE_RECORDING=.build/debug/torture/recording SPOOL_TORTURE_IMAGE=NUMBER`.
    @Suite("power cuts", .daemons, .enabled(if: FaultLibrary.isBuilt))
    struct PowerCutTests {
        private struct Image {
            let operation: Int
            let files: [String: FileContent]
        }

        @Test(
            "from whatever a power cut leaves, the daemon starts and delivers every event",
            .timeLimit(.minutes(600))
        )
        func images() async throws {
            try await RecordedRun.use { run, simulator in
                let wanted = simulator.visibleIDs(.activities).union(simulator.visibleIDs(.alerts))
                #expect(wanted.isSubset(of: run.notes.receipts.keys))
                let numbers = TortureSettings.image.map { [$0] } ?? Array(0..<TortureSettings.images)
                print("power cuts: seed \(TortureSettings.seed), \(numbers.count) images of ", terminator: "")
                print("\(run.record.operations.count) operations, \(wanted.count) events")

                let trials = try await TortureSettings.forEach(numbers) { number in
                    try await Self.trial(number, run, simulator, wanted)
                }

                var counts: [Trial.Verdict: Int] = [:]
                for (number, trial) in zip(numbers, trials) {
                    counts[trial.verdict, default: 0] += 1
                    let isGood = trial.verdict == .delivered && trial.exits.isEmpty
                    #expect(isGood, "image \(number): \(trial)")
                }
                print("power cuts: \(counts.map { "\($1) \($0)" }.sorted().joined(separator: ", "))")
            }
        }

        private static func trial(
            _ number: Int,
            _ run: RecordedRun,
            _ simulator: Simulator,
            _ wanted: Set<String>
        ) async throws -> Trial {
            let image = image(number, run)
            return try await Site.run(at: simulator) { site in
                for (path, content) in image.files { try content.write(to: site.folder.path(path)) }
                let kept = try site.keep("image-\(number)")
                let receiver = try await site.receiver()
                try site.configureTrial(receiver.port) { $0.spoolKeys = ["retention": "{ age: 24h }"] }
                var trial = try await Trial.run(
                    site,
                    wanted: wanted.subtracting(run.received(before: image.operation)),
                    receiver: receiver
                )
                let isGood = trial.verdict == .delivered && trial.exits.isEmpty
                if isGood {
                    // The files of a chosen image are kept.
                    if TortureSettings.image == nil { try FileManager.default.removeItem(atPath: kept) }
                } else {
                    trial.exits.append("cut before operation \(image.operation); files in \(kept)")
                }
                return trial
            }
        }

        /// Half of the cuts are anywhere, the others near a change of a name or of a length.
        private static func image(_ number: Int, _ run: RecordedRun) -> Image {
            var random = SeededGenerator(seed: TortureSettings.seed &* 1_000_003 &+ UInt64(number))
            let operations = run.record.operations
            let special = operations.indices.filter {
                operations[$0].changesNames || operations[$0].kind == .truncated
            }
            while true {
                var cut = Int.random(in: 1...operations.count, using: &random)
                if Bool.random(using: &random) {
                    cut =
                        (special.randomElement(using: &random) ?? cut) + Int.random(in: 0...4, using: &random)
                }
                cut = min(cut, operations.count)
                let files = DiskModel(run.record, after: cut).cut(using: &random)
                // Without the recovery, no start succeeds with a rollback journal of the first start.
                if TortureSettings.expectsRecovery || files["spool.db-journal"] == nil {
                    return Image(operation: cut, files: files)
                }
            }
        }
    }
}
