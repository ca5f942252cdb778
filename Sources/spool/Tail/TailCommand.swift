import ArgumentParser
import Foundation
import SpoolConfig
import SpoolCore
import SpoolDaemon
import SpoolStore
import UnixSignals

@preconcurrency import Dispatch

/// `spool tail`.
struct TailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Shows events as they are spooled, or as sinks settle them.",
        discussion: """
            The command reads the spool in small batches and is woken when the spool's files change. The \
            daemon is not involved.

            Example: spool tail --settled --sink siem --category FAILED_LOGIN
            """
    )

    @OptionGroup var config: ConfigurationOption
    @Flag(help: "Show settlements instead, with outcome and evidence.") var settled = false
    @Option(
        name: [.customShort("n"), .customLong("last")],
        help: "Start with this many of the most recent ones, at most 1,000,000."
    )
    var last = 10
    @Flag(inversion: .prefixedNo, help: "Keep following until interrupted.") var follow = true
    @OptionGroup var filter: TailFilter
    @Flag(help: "Print one JSON object per line.") var json = false

    func validate() throws {
        try NumberOption.check("-n", last, 0...1_000_000)
        if !settled, !filter.sink.isEmpty { throw ValidationError("--sink requires --settled") }
    }

    func run() async throws {
        let path = try config.look().path
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        try await CommandFailure.translating {
            let spool = try Spool.openReadOnly(path: path)
            try filter.check(against: try await spool.names())
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await _ in signals { break }
                    // A write that waits for its reader must not delay the end.
                    Output.stopWaiting()
                }
                if follow { group.addTask { await Output.readerGone() } }
                group.addTask {
                    if settled {
                        try await show(SettledFeed(spool, filter), path)
                    } else {
                        try await show(SpooledFeed(spool, filter), path)
                    }
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }

    private func show(_ feed: some TailFeed, _ path: String) async throws {
        var feed = feed
        let watch = FileWatch(folder: URL(fileURLWithPath: path).deletingLastPathComponent().path)
        let printer = TailPrinter(isJSON: json, isTerminal: Output.isTerminal)
        // Taken before the first read: a change during the read wakes the loop afterwards.
        var version = watch.changed.version
        try await feed.begin(last: last) { printer.print($0) }
        while follow, !Task.isCancelled, Output.isOpen {
            try await feed.next { printer.print($0) }
            await watch.wait(after: version)
            version = watch.changed.version
        }
    }
}

/// Prints the lines of `spool tail`.
struct TailPrinter {
    let isJSON: Bool
    let isTerminal: Bool

    func print(_ item: TailItem) {
        if isJSON {
            // Encoding cannot fail: there are only numbers and texts.
            if let text = try? JSONText.line(Object(item)) { Output.line(text) }
        } else {
            Output.line(Self.text(item))
        }
    }

    static func text(_ item: TailItem) -> String {
        let row = item.row
        var parts = [row.occurred.description, row.stream.description]
        if let settled = item.settlement {
            let how = settled.evidence.map { "\(settled.outcome) (\($0))" } ?? settled.outcome
            let lane = settled.replay.map { ", replay \($0)" } ?? ""
            parts = [settled.settled.description, "\(settled.sink): \(how)\(lane)", row.stream.description]
        }
        let told = row.message.isEmpty ? row.action : row.message
        parts += [row.category, row.userName, row.kind == "alert" ? PlainText.of(told) : told, row.id]
        return parts.filter { !$0.isEmpty }.joined(separator: "  ").printable
    }

    private struct Object: Encodable {
        struct Settled: Encodable {
            let sink: String
            let outcome: String
            let evidence: String?
            let replay: Int64?
            let settled: Timestamp

            enum CodingKeys: String, CodingKey {
                case sink, outcome, evidence, replay
                case settled = "settled_ms"
            }
        }

        let event: TailRow
        let settlement: Settled?

        init(_ item: TailItem) {
            event = item.row
            settlement = item.settlement.map {
                Settled(
                    sink: $0.sink.text,
                    outcome: $0.outcome,
                    evidence: $0.evidence,
                    replay: $0.replay?.value,
                    settled: $0.settled
                )
            }
        }
    }
}

/// Reports writes to the files of a folder by inotify(7): SQLite's log changes with every commit.
///
/// It watches the folder, because a log may be created again. If the system has no inotify, or the folder
/// cannot be watched, it polls four times per second.
final class FileWatch: Sendable {
    /// Notified after each change.
    let changed = ChangeSignal()
    private let source: (any DispatchSourceRead)?
    private let descriptor: Int32

    init(folder: String) {
        #if os(Linux)
            let descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
            let events = UInt32(IN_MODIFY) | UInt32(IN_CREATE) | UInt32(IN_MOVED_TO)
            if descriptor >= 0, inotify_add_watch(descriptor, folder, events) >= 0 {
                self.descriptor = descriptor
                let source = DispatchSource.makeReadSource(fileDescriptor: descriptor)
                source.setEventHandler { [changed] in
                    var bytes = [UInt8](repeating: 0, count: 16_384)
                    while read(descriptor, &bytes, bytes.count) > 0 {}
                    changed.notify()
                }
                source.setCancelHandler { close(descriptor) }
                source.activate()
                self.source = source
                return
            }
            if descriptor >= 0 { close(descriptor) }
        #endif
        self.descriptor = -1
        source = nil
    }

    deinit { source?.cancel() }

    /// Returns after a change later than `version`.
    func wait(after version: Int) async {
        if source != nil {
            await changed.changed(after: version)
        } else {
            // The caller checks whether there is anything new.
            try? await Task.sleep(for: .milliseconds(250))
        }
    }
}
