import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

extension Torture {
    /// Faults of the disk at chosen calls of the daemon.
    @Suite("faults of the disk", .daemons, .enabled(if: FaultLibrary.isBuilt))
    struct DiskFaultTests {
        /// A kind of fault.
        struct Kind: Sendable, CustomTestStringConvertible {
            let target: FaultInjection.Class
            let fault: FaultInjection.Fault
            /// How long it lasts; nil for a single call.
            var lasts: Int?

            var testDescription: String {
                "\(fault) on \(target)" + (lasts.map { ", for \($0) ms" } ?? ", once")
            }

            func rule(at call: Int) -> FaultInjection {
                FaultInjection(
                    target: target,
                    fault: fault,
                    first: call,
                    count: lasts == nil || fault == .delay ? 1 : 0,
                    milliseconds: lasts
                )
            }
        }

        private static let kinds: [Kind] =
            [FaultInjection.Fault.ENOSPC, .EDQUOT, .EIO].flatMap { fault in
                [
                    Kind(target: .write, fault: fault), Kind(target: .write, fault: fault, lasts: 1_500),
                    Kind(target: .sync, fault: fault), Kind(target: .sync, fault: fault, lasts: 1_500),
                ]
            } + [
                Kind(target: .read, fault: .EIO), Kind(target: .read, fault: .EIO, lasts: 1_500),
                Kind(target: .write, fault: .short), Kind(target: .write, fault: .short, lasts: 1_500),
                Kind(target: .truncate, fault: .EIO), Kind(target: .truncate, fault: .ENOSPC),
                Kind(target: .open, fault: .EIO), Kind(target: .open, fault: .ENOSPC),
                Kind(target: .allocate, fault: .ENOSPC), Kind(target: .allocate, fault: .EIO),
                Kind(target: .name, fault: .EIO), Kind(target: .name, fault: .ENOSPC),
                Kind(target: .sync, fault: .delay, lasts: 2_000),
            ]

        private struct Case: Sendable {
            let kind: Kind
            let call: Int

            var name: String { "\(kind.testDescription), call \(call)" }
        }

        private struct Outcome: Sendable {
            let one: Case
            let affected: Int
            let trial: Trial

            var isGood: Bool {
                let isDelivered = trial.verdict == .delivered
                if TortureSettings.expectsRecovery { return isDelivered && trial.exits.isEmpty }
                // Restarts, or an end that could not be clean; never a loss.
                return isDelivered || trial.verdict == .unclean
            }
        }

        @Test(
            "after ENOSPC, EDQUOT, EIO and short writes at any call everything arrives",
            .timeLimit(.minutes(6_000))
        )
        func faults() async throws {
            try await Simulator.run(.busy(history: 120, seed: TortureSettings.seed)) { simulator in
                let wanted = simulator.visibleIDs(.activities).union(simulator.visibleIDs(.alerts))
                let none = FaultInjection(target: .write, fault: .short, first: .max, count: 1)
                let clean = try await Self.trial(none, simulator, wanted)
                #expect(clean.trial.verdict == .delivered, "\(clean.trial)")
                let cases = Self.cases(clean.state.calls)
                print("faults of the disk: seed \(TortureSettings.seed), \(cases.count) cases")

                let outcomes = try await TortureSettings.forEach(cases) { one in
                    let end = try await Self.trial(one.kind.rule(at: one.call), simulator, wanted)
                    return Outcome(one: one, affected: end.state.affected, trial: end.trial)
                }

                for outcome in outcomes where outcome.affected > 0 {
                    let isGood = outcome.isGood
                    #expect(isGood, "\(outcome.one.name): \(outcome.trial)")
                }
                Self.show(outcomes)
            }
        }

        private static func show(_ outcomes: [Outcome]) {
            print("kind                          cases  affected  delivered  with a restart  otherwise")
            for kind in kinds {
                let own = outcomes.filter { $0.one.kind.testDescription == kind.testDescription }
                guard !own.isEmpty else { continue }
                let delivered = own.filter { $0.trial.verdict == .delivered }
                let counts = [
                    (own.count, 6), (own.count { $0.affected > 0 }, 9),
                    (delivered.count { $0.trial.exits.isEmpty }, 10),
                    (delivered.count { !$0.trial.exits.isEmpty }, 15), (own.count - delivered.count, 10),
                ]
                let name = kind.testDescription.padding(toLength: 28, withPad: " ", startingAt: 0)
                print(name + counts.map { column($0.0, $0.1 + 1) }.joined())
            }
        }

        /// The calls to meddle with: some of each kind, or every one in turn.
        private static func cases(_ calls: [FaultInjection.Class: Int]) -> [Case] {
            var random = SeededGenerator(seed: TortureSettings.seed)
            var cases: [Case] = []
            // Without the recovery, no start succeeds with a rollback journal of the first start.
            for kind in kinds where TortureSettings.expectsRecovery || kind.target != .name {
                var all = Array(1...max(calls[kind.target] ?? 0, 1))
                if TortureSettings.faults > 0 {
                    all = all.shuffled(using: &random).prefix(TortureSettings.faults).sorted()
                }
                cases += all.map { Case(kind: kind, call: $0) }
            }
            guard let only = TortureSettings.onlyCase else { return cases }
            return cases.filter { $0.name.contains(only) }
        }

        private static func trial(
            _ rule: FaultInjection,
            _ simulator: Simulator,
            _ wanted: Set<String>
        ) async throws -> (trial: Trial, state: FaultState) {
            try await Site.run(at: simulator) { site in
                let outside = try TemporaryFolder()
                let receiver = try await site.receiver()
                try site.configureTrial(receiver.port)
                var limits = Trial.Limits()
                // While the fault lasts, a supervisor may have to start it again and again.
                limits.exits = 20
                let trial = try await Trial.run(
                    site,
                    wanted: wanted,
                    receiver: receiver,
                    limits: limits,
                    environment: FaultLibrary.inject(
                        rule,
                        in: site.folder.path,
                        files: "spool.db",
                        state: outside.path("state")
                    )
                )
                return (trial, FaultState(outside.path("state")))
            }
        }

        private static func column(_ number: Int, _ width: Int) -> String {
            let text = String(number)
            return String(repeating: " ", count: max(width - text.count, 0)) + text
        }
    }
}
