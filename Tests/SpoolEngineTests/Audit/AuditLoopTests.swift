import Foundation
import SpoolCore
import SpoolPipeline
import SpoolSimulator
import SpoolStore
import Synchronization
import SpoolTestSupport
import Testing

@testable import SpoolEngineTestSupport
@testable import SpoolEngine

@Suite("Proofs that do not finish", .timeLimit(.minutes(5)))
struct AuditLoopTests {
    private static let request = VerifyRequest(
        from: PortalBench.begin - .hours(12),
        to: PortalBench.begin - .hours(1)
    )

    /// Runs an engine that has read its portal; a test may then make the portal stop responding.
    private static func with(
        audit: String = "off",
        _ body: (EngineRun) async throws -> Void
    ) async throws {
        try await PortalBench.with { bench in
            bench.portal.fill(perSecond: 0.01, from: PortalBench.begin - .hours(12), for: .hours(12))
            let yaml = EngineRun.yaml(
                [
                    (
                        "contoso",
                        "url: \"\(bench.portal.url)\", poll: 5m, requests_per_minute: 1000, "
                            + "auth: { token: \"${TOKEN}\" }, "
                            + "streams: { activities: { start: 13h, look_back: 10m } }"
                    )
                ],
                audit: audit
            )
            // The loops of fetching, retention and notifications sleep; the audit loop sleeps only if audits
            // are on.
            try await EngineRun.with(bench, yaml, loops: audit == "off" ? 3 : 4) { daemon in
                try await daemon.run.pass(.minutes(30))
                try await body(daemon)
            }
        }
    }

    private static func silence(_ daemon: EngineRun) {
        daemon.bench.portal.addFault(.status(503), .always)
    }

    private static func waitUntilStuck(_ id: Int64, _ daemon: EngineRun) async throws {
        try await eventually("the source does not respond to proof \(id)") {
            let step = try await daemon.engine.audits.proof(id).step ?? ""
            return !step.hasPrefix("waiting") && step.contains("the source does not respond")
        }
    }

    private static func scratchExists(_ daemon: EngineRun) -> Bool {
        FileManager.default.fileExists(atPath: daemon.spool.path + ".verify")
    }

    @Test(
        "one cancelled while its source does not respond ends immediately and cleanly, and the next starts"
    )
    func cancelled() async throws {
        try await Self.with { daemon in
            let verifier = daemon.engine.audits
            Self.silence(daemon)
            let first = try await verifier.start(Self.request)
            try await Self.waitUntilStuck(first.id, daemon)
            let second = try await verifier.start(Self.request)
            let third = try await verifier.start(Self.request)

            let back = try await verifier.cancel(third.id)
            _ = try await verifier.cancel(first.id)
            try await Self.waitUntilStuck(second.id, daemon)
            let kept = try #require(try await daemon.spool.proof(first.id))
            _ = try await verifier.cancel(second.id)
            try await eventually("the second ends") {
                try await daemon.spool.proof(second.id)?.state == .stopped
            }

            #expect(second.step?.hasPrefix("waiting: proof \(first.id), another verify of ") == true)
            #expect(third.step?.hasSuffix("1 more is ahead") == true)
            #expect(back.state == .stopped && back.error?.hasSuffix("It had not started.") == true)
            #expect(kept.state == .stopped && kept.streams.isEmpty && !kept.isComplete)
            #expect(
                kept.error
                    == "it was cancelled by the command that requested it. Not compared: contoso/activities."
            )
            #expect(!Self.scratchExists(daemon))
        }
    }

    @Test("one whose command no longer polls it ends; one that is polled continues")
    func gone() async throws {
        try await Self.with { daemon in
            let verifier = daemon.engine.audits
            Self.silence(daemon)
            let proof = try await verifier.start(Self.request)
            try await Self.waitUntilStuck(proof.id, daemon)
            for _ in 0..<10 {
                #expect(try await verifier.proof(proof.id).state == .running)
                try await daemon.run.pass(AuditLoop.silence)
            }

            let hasEnded = try await daemon.run.pass(inStepsOf: AuditLoop.silence, atMost: .minutes(40)) {
                try await daemon.spool.proof(proof.id)?.state == .stopped
            }

            #expect(hasEnded)
            let kept = try #require(try await daemon.spool.proof(proof.id))
            #expect(
                kept.error?.hasPrefix("the command that requested it is no longer running.") == true,
                "\(kept)"
            )
            #expect(!Self.scratchExists(daemon))
        }
    }

    @Test("the daemon's audit yields to a command's proof, and starts again after it")
    func givesWay() async throws {
        try await Self.with(audit: "{ every: 2h, window: 6h }") { daemon in
            let verifier = daemon.engine.audits
            Self.silence(daemon)
            let audits = "SELECT id FROM proof WHERE reason = 'audit' AND state = 'running'"
            var waiting = daemon.run
            waiting.sleepers = 3
            let hasBegun = try await waiting.pass(inStepsOf: .minutes(1), atMost: .hours(2)) {
                try await !daemon.spool.texts(audits).isEmpty
            }
            #expect(hasBegun)
            let audit = try #require(try await daemon.spool.texts(audits).first.flatMap { Int64($0) })
            try await Self.waitUntilStuck(audit, daemon)

            let proof = try await verifier.start(Self.request)
            try await Self.waitUntilStuck(proof.id, daemon)
            let gaveWay = try #require(try await daemon.spool.proof(audit))
            _ = try await verifier.cancel(proof.id)
            try await eventually("the audit starts again") {
                try await daemon.spool.texts(audits).first.flatMap { Int64($0) } ?? 0 > proof.id
            }

            #expect(gaveWay.state == .stopped)
            #expect(gaveWay.error?.hasPrefix("it yielded to proof \(proof.id)") == true)
            // A running audit also ends quickly on shutdown.
            await daemon.engine.stop()
            #expect(try await daemon.spool.texts(audits).isEmpty)
            #expect(
                try await daemon.spool.texts("SELECT state FROM proof ORDER BY id") == [
                    "stopped", "stopped", "stopped",
                ]
            )
            #expect(!Self.scratchExists(daemon))
        }
    }

    @Test("a failed audit is notified until one completes")
    func failed() async throws {
        try await Self.with(audit: "{ every: 2h, window: 6h }") { daemon in
            let portal = daemon.bench.portal
            portal.setCredentials(Credentials(tokens: ["another"]))
            var waiting = daemon.run
            waiting.sleepers = 3
            let isTold = try await waiting.pass(inStepsOf: .minutes(1), atMost: .hours(3)) {
                try await daemon.spool.status().notifications.contains {
                    $0.code == AuditCode.failed.rawValue
                }
            }
            let told = try await daemon.spool.status().notifications
                .first { $0.code == AuditCode.failed.rawValue }
            portal.setCredentials(Credentials())
            let isCleared = try await waiting.pass(inStepsOf: .minutes(1), atMost: .hours(5)) {
                try await !daemon.spool.status().notifications
                    .contains { $0.code == AuditCode.failed.rawValue }
            }

            #expect(isTold && isCleared)
            #expect(told?.message.contains("Not compared: contoso/activities.") == true, "\(told as Any)")
            #expect(try await daemon.spool.lastProof(.audit)?.shortfalls == [.noSink])
        }
    }

    @Test("audits that are repeatedly stopped before they finish are notified, and so are their findings")
    func vain() async throws {
        try await PortalBench.with { bench in
            let yaml = EngineRun.yaml(
                [("contoso", "url: \"\(bench.portal.url)\", auth: { token: \"${TOKEN}\" }")],
                audit: "{ every: 2h, window: 6h }"
            )
            let name = try #require(StreamName("contoso/activities"))
            // Audits left by two earlier daemons: one killed long ago, one killed a moment ago during its
            // repair.
            try await bench.withSpool { spool in
                for age in [Duration.hours(5), .minutes(1)] {
                    var audit = try await spool.beginProof(
                        VerifyRequest(
                            from: PortalBench.begin - .hours(6),
                            to: PortalBench.begin,
                            repair: .fetch
                        ),
                        reason: .audit,
                        version: "1",
                        at: bench.time.wall() - age
                    )
                    guard age < .hours(1) else { continue }
                    var stream = ProofStream(name: name, kind: .activity, filterHash: "f")
                    (stream.neverFetched, stream.mending) = (3, true)
                    (audit.planned, audit.streams) = ([name.description], [stream])
                    try await spool.save(audit)
                }
            }
            try await EngineRun.with(bench, yaml, loops: 4) { daemon in
                try await eventually("both are notified") {
                    try await daemon.spool.status().notifications.count == 2
                }
                let told = try await daemon.spool.status().notifications
                let messages = Dictionary(told.map { ($0.code, $0.message) }) { first, _ in first }
                let since = bench.time.wall() - .hours(5)

                #expect(
                    messages[AuditCode.failed.rawValue]?.hasPrefix(
                        "No audit has completed since \(since)."
                    )
                        == true,
                    "\(told)"
                )
                #expect(
                    messages[AuditCode.missing.rawValue]?.contains(
                        "which was stopped before it finished: 3 of contoso/"
                    )
                        == true,
                    "\(told)"
                )
                #expect(
                    try await daemon.spool.proof(2)?.error?.contains(
                        "Repair not finished: contoso/activities"
                    )
                        == true
                )
            }
        }
    }

    @Test(
        "a repair that fails or is stopped midway keeps its results and reports what is unfinished",
        arguments: [true, false]
    )
    func midway(fails: Bool) async throws {
        try await Self.with { daemon in
            let portal = daemon.bench.portal
            for (id, hours) in [("early", 9), ("late", 3)] {
                let saved = (PortalBench.begin - .hours(hours)).milliseconds
                portal.insert(SimulatedRecord(id: id, created: saved), into: .activities)
            }
            let stop = ShutdownRequest()
            let parts = Mutex(0)
            let verification = Verification(
                context: daemon.engine.proofContext,
                isDaemon: false,
                timeout: .seconds(60)
            ) { step in
                guard step.contains("fetching missing records") else { return }
                guard
                    parts.withLock({ parts in
                        parts += 1; return parts == 2
                    })
                else { return }
                if fails { portal.setCredentials(Credentials(tokens: ["another"])) } else { stop.ask() }
            }
            var request = Self.request
            request.repair = .all
            let begun = try await daemon.spool.beginProof(
                request,
                reason: .command,
                version: "1",
                at: PortalBench.begin
            )

            let proof = try await Self.result(of: begun, verification, stop, daemon)
            let kept = try #require(try await daemon.spool.proof(begun.id))
            let names = try await daemon.spool.missing(of: begun.id).map(\.id)

            #expect(proof.state == (fails ? .failed : .stopped))
            #expect(kept.streams == proof.streams)
            #expect(proof.streams.first?.neverFetched == 2 && proof.streams.first?.fetched == 1)
            #expect(proof.streams.first?.mending == true && !proof.isComplete)
            #expect(proof.error?.contains("Repair not finished: contoso/activities") == true, "\(proof)")
            #expect(names == ["early", "late"])
            #expect(try await daemon.spool.ids(.activities).contains("early"))
            #expect(try await !daemon.spool.ids(.activities).contains("late"))

            portal.setCredentials(Credentials())
            let again = Verification(
                context: daemon.engine.proofContext,
                isDaemon: false,
                timeout: .seconds(60)
            ) { _ in }
            let next = try await daemon.spool.beginProof(
                request,
                reason: .command,
                version: "1",
                at: PortalBench.begin
            )
            let ended = try await Self.result(of: next, again, ShutdownRequest(), daemon)
            #expect(ended.state == .done && ended.error == nil)
            #expect(ended.streams.first?.neverFetched == 1 && ended.streams.first?.fetched == 1)
            #expect(ended.streams.first?.mending == nil)
        }
    }

    /// Runs a verification, and lets time pass until it ends.
    private static func result(
        of proof: Proof,
        _ verification: Verification,
        _ stop: ShutdownRequest,
        _ daemon: EngineRun
    ) async throws -> Proof {
        let ended = ShutdownRequest()
        async let result: Proof = {
            defer { ended.ask() }
            return await verification.result(of: proof, stop: stop) { "it was interrupted" }
        }()
        _ = try await daemon.run.pass(inStepsOf: .seconds(1), atMost: .hours(4)) { ended.isAsked }
        return await result
    }
}
