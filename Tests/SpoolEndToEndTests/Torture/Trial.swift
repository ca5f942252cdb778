import Foundation
import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess

/// A start of the binary on a given spool that runs until every event has arrived.
struct Trial: Sendable, CustomStringConvertible {
    enum Verdict: String, Sendable {
        /// Every event of the portal has arrived. What is sent once more may still be under way.
        case delivered
        /// No start has come as far as running.
        case refused
        /// It has ended again and again.
        case looping
        /// Events are in the spool and are not sent.
        case stuck
        /// Events are not in the spool, or count as delivered, and have not arrived.
        case lost
        /// Events have arrived with another content than the source's.
        case altered
        /// Everything has arrived, but the daemon does not stop well.
        case unclean
        /// Everything has arrived, but SQLite finds the file damaged.
        case damaged
    }

    var verdict: Verdict
    /// How the daemon ended before everything had arrived, with its last line.
    var exits: [String] = []
    /// Ids that have not arrived.
    var missing: [String] = []
    /// What happened to the spool, for a spool that was damaged.
    var recovery = ""
    /// How long it took.
    var seconds = 0.0
    /// The last lines of the daemon.
    var lines: [String] = []

    var description: String {
        var text = "\(verdict) after \(String(format: "%.1f", seconds)) s"
        if !missing.isEmpty {
            text += ", \(missing.count) missing (\(missing.prefix(3).joined(separator: ", ")))"
        }
        for exit in exits { text += "\n  ended: \(exit)" }
        if verdict != .delivered { text += "\n  " + lines.suffix(4).joined(separator: "\n  ") }
        return text
    }

    /// What a trial may do.
    struct Limits: Sendable {
        /// How long events may take to arrive.
        var time = Duration.seconds(40)
        /// After so many ends the daemon counts as looping.
        var exits = 4
    }

    /// Runs `spool run` on the site's spool, restarted as a supervisor would, until every event of `wanted`
    /// has arrived at the receiver; then stops it and reads its spool.
    ///
    /// `environment` is that of every start; `running` is called once, when the daemon is running.
    static func run(
        _ site: Site,
        wanted: Set<String>,
        receiver: Receiver,
        limits: Limits = Limits(),
        environment: [String: String] = [:],
        running: (@Sendable (Child) async throws -> Void)? = nil
    ) async throws -> Trial {
        let start = ContinuousClock.now
        var trial = Trial(verdict: .delivered)
        var isRunningTold = false
        var hasRun = false
        var daemon = site.launch(environment: environment)
        while true {
            let missing = wanted.subtracting(receiver.ids.keys)
            trial.lines = Array(daemon.lines(.errors).suffix(6))
            let isUp = daemon.lines(.errors).contains { $0.isLog("running") }
            hasRun = hasRun || isUp
            if isUp, !isRunningTold {
                isRunningTold = true
                try await running?(daemon)
            }
            if missing.isEmpty, isUp || !daemon.isRunning { break }
            let isOver = start.duration(to: .now) > limits.time
            if !daemon.isRunning {
                let status = try await daemon.exit()
                trial.exits.append("\(status): \(daemon.lines(.errors).last ?? "no line")")
                guard !isOver, trial.exits.count < limits.exits else {
                    trial.verdict = hasRun ? .looping : .refused
                    trial.missing = missing.sorted()
                    break
                }
                // A supervisor waits, too.
                try await Task.sleep(for: .milliseconds(200))
                daemon = site.launch(environment: environment)
            } else if isOver {
                trial.missing = missing.sorted()
                trial.verdict = await waiting(site) > 0 ? .stuck : .lost
                break
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        if daemon.isRunning {
            let status = try? await daemon.terminate()
            if status != .exited(0), trial.verdict == .delivered {
                trial.verdict = .unclean
                trial.exits.append(status.map { "\($0)" } ?? "did not end within a minute")
            }
            await daemon.end()
        }
        trial.seconds = Double(start.duration(to: .now) / .milliseconds(1)) / 1_000
        if trial.verdict == .delivered { await trial.examine(site) }
        return trial
    }

    private mutating func examine(_ site: Site) async {
        let answer = try? await Child.answer(
            "sqlite3",
            ["-readonly", site.spoolPath, "PRAGMA integrity_check"]
        )
        if verdict == .delivered, answer?.output != "ok" {
            verdict = .damaged
            lines += answer?.output.split(separator: "\n").prefix(4).map(String.init) ?? []
        }
    }

    private static func waiting(_ site: Site) async -> Int {
        (try? await site.waiting("siem")) ?? 0
    }
}

extension Site {
    /// The configuration of a trial: short intervals, and one sink.
    func configureTrial(_ port: Int, _ change: (inout SiteConfiguration) -> Void = { _ in }) throws {
        try configure {
            $0.sinks = [.init("siem", port: port)]
            change(&$0)
        }
    }

    /// A copy of the files of this site's spool, kept for a later look.
    func keep(_ name: String) throws -> String {
        let path = TortureSettings.keptFolder + "/" + name
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(
            atPath: TortureSettings.keptFolder,
            withIntermediateDirectories: true
        )
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path)
        where file.hasPrefix("spool.db") && !file.hasSuffix(".reserve") && !file.hasSuffix(".sock") {
            try FileManager.default.copyItem(atPath: folder.path(file), toPath: path + "/" + file)
        }
        return path
    }
}
