import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

extension Torture {
    /// A matrix of damage: kinds, places and moments.
    @Suite(
        "damage of a spool",
        .daemons,
        .enabled(
            if: FaultLibrary.isBuilt && TortureSettings.expectsRecovery,
            "needs SPOOL_TORTURE_RECOVERY=1"
        )
    )
    struct DamageTests {
        private struct Outcome: Sendable {
            let name: String
            let moment: String
            let trial: Trial

            /// One restart is allowed, and damage of what was not read.
            var isGood: Bool {
                (trial.verdict == .delivered || trial.verdict == .damaged) && trial.exits.count <= 1
            }
        }

        @Test(
            "a damaged spool is never refused, and every event that the source still shows arrives unchanged",
            .timeLimit(.minutes(6_000))
        )
        func matrix() async throws {
            let base = try await DamageBase.make()
            let reference = try await Self.reference(base)
            let cases = Self.chosen(Damage.all(base.pages))
            print("damage: seed \(TortureSettings.seed), \(cases.count) cases")

            let outcomes = try await TortureSettings.forEach(cases) { one in
                Outcome(
                    name: one.damage.description,
                    moment: one.damage.moment.rawValue,
                    trial: try await Self.trial(one, base, reference)
                )
            }

            for outcome in outcomes {
                let isGood = outcome.isGood
                #expect(isGood, "\(outcome.name): \(outcome.trial)")
            }
            Self.show(outcomes)
        }

        @Test(
            "a rollback journal that a crash of the first start left, whole or damaged, does not stop a start"
        )
        func journals() async throws {
            let base = try await DamageBase.make()
            #expect(base.journals.count == 2)
            let kinds: [Damage.Kind?] = [nil, .bit, .zeros, .garbage, .empty, .missing]
            let cases = base.journals.flatMap { files in kinds.map { JournalCase(files: files, kind: $0) } }

            let outcomes = try await TortureSettings.forEach(cases) { one in
                try await base.run(one.files) { site in
                    var random = SeededGenerator(seed: TortureSettings.seed)
                    if let kind = one.kind {
                        let damage = Damage(
                            what: "-journal",
                            file: "-journal",
                            place: .file,
                            kind: kind,
                            moment: .killed
                        )
                        let isDone = try damage.apply(to: site.spoolPath, using: &random)
                        #expect(isDone)
                    }
                    let receiver = try await site.receiver()
                    try site.configureDamage(receiver.port)
                    let trial = try await Trial.run(site, wanted: site.visible, receiver: receiver)
                    let name = one.kind.map(\.rawValue) ?? "no damage"
                    return Outcome(name: "\(name) in -journal", moment: "killed", trial: trial)
                }
            }

            for outcome in outcomes {
                let isGood = outcome.isGood && outcome.trial.exits.isEmpty
                #expect(isGood, "\(outcome.name): \(outcome.trial)")
            }
        }

        private struct JournalCase: Sendable {
            let files: [String: FileContent]
            let kind: Damage.Kind?
        }

        private struct Case: Sendable {
            let number: Int
            let damage: Damage
        }

        private static func chosen(_ all: [Damage]) -> [Case] {
            var cases = all.enumerated().map { Case(number: $0, damage: $1) }
            if let only = TortureSettings.onlyCase {
                cases = cases.filter { $0.damage.description.contains(only) }
            } else if TortureSettings.damage > 0 {
                var random = SeededGenerator(seed: TortureSettings.seed)
                cases = Array(cases.shuffled(using: &random).prefix(TortureSettings.damage))
            }
            return cases.sorted { $0.number < $1.number }
        }

        /// The lines of an undamaged spool, by id.
        private static func reference(_ base: DamageBase) async throws -> [String: String] {
            try await base.run(.killed) { site in
                let receiver = try await site.receiver(.keeping(messages: true))
                try site.configureDamage(receiver.port)
                let wanted = site.visible.subtracting(base.received)
                let trial = try await Trial.run(site, wanted: wanted, receiver: receiver)
                #expect(trial.verdict == .delivered, "\(trial)")
                return Dictionary(receiver.lines.compactMap(content)) { _, last in last }
            }
        }

        private static func trial(
            _ one: Case,
            _ base: DamageBase,
            _ reference: [String: String]
        ) async throws -> Trial {
            try await base.run(one.damage.moment) { site in
                var random = SeededGenerator(seed: TortureSettings.seed &+ UInt64(one.number))
                let receiver = try await site.receiver(.keeping(messages: true))
                try site.configureDamage(receiver.port)
                var limits = Trial.Limits()
                limits.time = .seconds(20)
                let begin = Int64(Date().timeIntervalSince1970 * 1_000)
                let later = (0..<20).map {
                    SimulatedRecord(id: "later-\($0)", created: site.simulator.clock.nowMs + Int64($0))
                }
                var wanted = site.visible.subtracting(base.received).union((0..<20).map { "later-\($0)" })
                var isDone = true
                var trial: Trial
                if one.damage.moment == .running {
                    await receiver.stop()
                    let randomNow = random
                    trial = try await Trial.run(site, wanted: wanted, receiver: receiver, limits: limits) {
                        _ in
                        var random = randomNow
                        let all = site.visible.count
                        try await eventually("everything has come into the spool", within: .seconds(20)) {
                            try await site.number("SELECT coalesce(sum(inserted), 0) FROM stream") >= all
                        }
                        _ = try one.damage.apply(to: site.spoolPath, using: &random)
                        site.simulator.insert(later, into: .activities)
                        try await receiver.listenAgain()
                    }
                } else {
                    isDone = try one.damage.apply(to: site.spoolPath, using: &random)
                    site.simulator.insert(later, into: .activities)
                    trial = try await Trial.run(site, wanted: wanted, receiver: receiver, limits: limits)
                }
                trial.recovery = isDone ? await recovery(site, base, begin) : "nothing to damage"
                wanted.subtract(trial.missing)
                let altered = altered(wanted, receiver, reference)
                if trial.verdict == .delivered, !altered.isEmpty {
                    trial.verdict = .altered
                    trial.missing = altered
                }
                return trial
            }
        }

        /// Ids that have arrived, but only with another content.
        private static func altered(
            _ wanted: Set<String>,
            _ receiver: Receiver,
            _ reference: [String: String]
        ) -> [String] {
            let arrived = Dictionary(grouping: receiver.lines.compactMap(content), by: \.0)
            return wanted.filter { id in
                guard let right = reference[id], let lines = arrived[id] else { return false }
                return !lines.contains { $0.1 == right }
            }.sorted()
        }

        /// The id and the content of a line, without its header.
        private static func content(_ line: String) -> (String, String)? {
            guard let cef = line.range(of: "CEF:"), let key = line.range(of: "externalId=") else {
                return nil
            }
            return (
                String(line[key.upperBound...].prefix { $0 != " " }), String(line[cef.lowerBound...])
            )
        }

        /// What the daemon has done about the damage, as far as its spool shows.
        private static func recovery(_ site: Site, _ base: DamageBase, _ begin: Int64) async -> String {
            let files = (try? FileManager.default.contentsOfDirectory(atPath: site.folder.path)) ?? []
            let isMoved = files.contains { $0.contains(".damaged-") }
            guard let old = try? await site.number("SELECT count(*) FROM event WHERE fetched_ms < \(begin)"),
                let starts = try? await site.streamStarts()
            else { return "not readable" }
            if !isMoved, old > 0 { return "untouched" }
            if old > 0 { return "salvaged" }
            return starts == base.streamStarts ? "restored" : "refetched"
        }

        private static func show(_ outcomes: [Outcome]) {
            for moment in Damage.Moment.allCases.map(\.rawValue) {
                let own = outcomes.filter { $0.moment == moment }
                let verdicts = Dictionary(grouping: own, by: \.trial.verdict.rawValue).mapValues(\.count)
                let recoveries = Dictionary(grouping: own, by: \.trial.recovery).mapValues(\.count)
                print(
                    "damage, \(moment): \(own.count) cases;",
                    verdicts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(
                        separator: ", "
                    ),
                    "("
                        + recoveries.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
                        .joined(separator: ", ") + ")"
                )
            }
            for outcome in outcomes where !outcome.isGood {
                print("  \(outcome.trial.verdict) [\(outcome.trial.exits.count) ends] \(outcome.name)")
            }
        }
    }
}
