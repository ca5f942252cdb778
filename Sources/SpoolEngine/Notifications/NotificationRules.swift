import SpoolConfig
package import SpoolControl
package import SpoolCore
import SpoolPipeline
import SpoolStore

/// Derives the notifications that should be active from the current status.
///
/// A pure function: an active notification that is no longer derived, and does not have to stay active, is
/// cleared.
struct NotificationRules: Sendable {
    /// How long the source keeps records (Defender for Cloud Apps, data retention).
    static let sourceKeeps = Duration.days(180)
    /// Sweeps that are further behind than the look-back plus this are reported.
    static let sweepLag = Duration.hours(1)
    /// A source that has not responded for longer is reported; shorter faults are only logged.
    static let sourceTrouble = Duration.seconds(60)
    /// A reader that holds the WAL for longer is reported.
    static let longReader = Duration.seconds(60)

    /// How long a poison record is reported.
    static let trapShown = Duration.days(7)

    let maxSize: Int64
    /// The look-back of each stream's sweeps.
    let lookBacks: [StreamName: Duration]
    var settings = NotificationSettings()
    /// The audit interval, and how long this process has been running; nil if audits are off.
    var audit: (every: Duration, running: @Sendable () -> Duration)?

    /// All notifications that should be active now.
    func wanted(
        _ status: SpoolStatus,
        wal: WALReport,
        pause: FetchPause?,
        refusedReload: Reloads.Refusal? = nil,
        at now: Timestamp
    ) -> [NewNotification] {
        status.streams.flatMap { of($0, at: now) } + status.sinks.flatMap { of($0, at: now) }
            + status.traps.compactMap { of($0, at: now) }
            + of(status, at: now)
            + of(wal, at: now) + failing(wal)
            + overdueAudit(status, at: now)
            + (pause == .disk ? [diskFull(status.size)] : [])
            + [refusedReload.map(Self.of)].compactMap { $0 }
    }

    private static func of(_ refusal: Reloads.Refusal) -> NewNotification {
        NewNotification(
            code: .reloadRefused,
            severity: .error,
            message: ReloadNotice.text(of: refusal)
        )
    }

    /// True while an active notification is not resolved although its cause has changed: a notification about
    /// a sink's outage stays active until an event is settled, whatever the cause is meanwhile.
    func lasts(_ standing: SpoolNotification, _ status: SpoolStatus) -> Bool {
        guard let code = RuleCode(rawValue: standing.code), RuleCode.ofOutage.contains(code) else {
            return false
        }
        return status.sinks.contains {
            $0.name.text == standing.subject && $0.state != .disabled && $0.troubleSince != nil
        }
    }

    private func of(_ stream: SpoolStatus.Stream, at now: Timestamp) -> [NewNotification] {
        guard stream.isConfigured else { return [] }
        var found: [NewNotification] = []
        let isSetting = StreamHealth.settingWords.contains(stream.state)
        let isLong = stream.troubleSince.map { now.since($0) > Self.sourceTrouble } ?? false
        if let trouble = stream.trouble, isSetting || isLong {
            found.append(
                NewNotification(
                    code: Self.code(stream.state),
                    subject: stream.name.description,
                    severity: isSetting ? .error : .warning,
                    message: trouble
                )
            )
        }
        if let silent = silence(of: stream) { found.append(silent) }
        if let date = stream.sourceDate, let sweptTo = stream.sweptTo, let readTo = stream.readTo {
            let lag = date.since(sweptTo) - (lookBacks[stream.name] ?? .zero)
            if lag > Self.sweepLag {
                found.append(
                    NewNotification(
                        code: .sweepLags,
                        subject: stream.name.description,
                        severity: .warning,
                        message:
                            "The sweeps that find late records have reached only \(sweptTo) and are "
                            + "\(Age.text(lag)) behind. Nothing is lost as long as the source keeps the "
                            + "records; raise `requests_per_minute` or `page_limit`, or wait until the "
                            + "sweeps have caught up (polls have read up to \(readTo))."
                    )
                )
            }
        }
        return found
    }

    private static func code(_ word: String) -> RuleCode {
        switch word {
        case StreamHealth.word(.invalidToken): .invalidToken
        case StreamHealth.word(.invalidProxy): .invalidProxy
        default: .sourceNotAnswering
        }
    }

    /// Reports polls that succeed but return nothing: a filter, a licence or a connector of the portal may be
    /// missing.
    ///
    /// Applies to activities only; a month without alerts is normal.
    private func silence(of stream: SpoolStatus.Stream) -> NewNotification? {
        guard let limit = settings.silentAfter, stream.kind == .activity, stream.trouble == nil,
            let date = stream.sourceDate, let last = stream.newest ?? stream.start, date.since(last) > limit
        else { return nil }
        return NewNotification(
            code: .streamSilent,
            subject: stream.name.description,
            severity: .warning,
            message:
                "The source responds, but has returned no new record since \(last). If that is unusual, "
                + "check the portal's activity log, its app connectors, and this stream's `filters`; "
                + "`notifications.silent_after` sets the limit."
        )
    }

    private func of(_ sink: SpoolStatus.Sink, at now: Timestamp) -> [NewNotification] {
        guard sink.state != .disabled else { return [] }
        var found: [NewNotification] = []
        func add(_ code: RuleCode, _ severity: NotificationSeverity, _ message: String) {
            found.append(
                NewNotification(code: code, subject: sink.name.text, severity: severity, message: message)
            )
        }
        for (code, severity, message) in SinkCondition.notifications(sink, settings, at: now) {
            add(code, severity, message)
        }
        if sink.deadLetters > 0 {
            add(
                .deadLetters,
                .warning,
                "\(Count.text(sink.deadLetters, "event")) could not be delivered: the receiver rejected "
                    + "\(Count.of(sink.deadLetters, "it", "them")), or the message would be too long. "
                    + "`spool dead list` shows the reasons."
            )
        }
        let held = sink.subscriptions.filter { $0.state == "held" }.map(\.stream.description)
        if !held.isEmpty {
            add(
                .sinkNeedsStart,
                .error,
                "It was added to \(held.joined(separator: ", ")), which already "
                    + "\(Count.of(held.count, "has", "have")) events. If the sink was renamed, set "
                    + "`renamed_from` to its old name, and it continues where it stopped; if it is new, set "
                    + "`start` to `now`, `beginning` or a time. Until then its events are kept."
            )
        }
        return found
    }

    private func of(_ trap: SpoolStatus.Trap, at now: Timestamp) -> NewNotification? {
        guard now.since(trap.at) < Self.trapShown else { return nil }
        let what = Count.text(trap.records, "record")
        let (it, isKept, wasNot) = (
            Count.of(trap.records, "It is", "They are"), Count.of(trap.records, "it", "each"),
            Count.of(trap.records, "was not", "were not")
        )
        let outcome =
            switch trap.step {
            case .page:
                "from the source crashed spool when \(isKept) was parsed alone. \(it) kept unparsed, byte for "
                    + "byte, and sent as unreadable: `select * from events where readable = 0`."
            case .batch:
                "crashed spool when \(isKept) was rendered alone for this sink, and \(wasNot) sent to it: "
                    + "`select * from dead_letters where reason = 'unrenderable'`."
            }
        return NewNotification(
            code: .internalError,
            subject: trap.subject,
            severity: .error,
            message: "\(what) \(outcome) All other records are processed. "
                + "Please report this as a bug in spool."
        )
    }

    private func of(_ status: SpoolStatus, at now: Timestamp) -> [NewNotification] {
        let share = maxSize > 0 ? Double(status.size.inUse) / Double(maxSize) : 0
        guard share >= 0.8 else { return [] }
        let blame = status.sinks.filter { $0.waiting > 0 }.max { $0.waiting < $1.waiting }
        let whose = blame.map { "\($0.waiting) events wait for \($0.name)" } ?? "no sink is behind"
        let oldest = blame?.subscriptions.compactMap(\.oldestOccurred).min()
        let left = oldest.map { max(.zero, Self.sourceKeeps - now.since($0)) }
        let until =
            left.map { "; the source keeps unfetched records for about another \(Age.text($0))" } ?? ""
        return [
            NewNotification(
                code: share >= 1 ? .spoolFull : .spoolNearlyFull,
                severity: share >= 1 ? .critical : .warning,
                message:
                    "\(ByteSize.text(status.size.inUse)) of \(ByteSize.text(maxSize)) are in use: "
                    + "\(whose)\(until). "
                    + (share >= 1 ? "Fetching is paused; " : "")
                    + "bring the sink back, or raise `spool.retention.max_size`."
            )
        ]
    }

    private func diskFull(_ size: SpoolStatus.Size) -> NewNotification {
        NewNotification(
            code: .diskFull,
            severity: .critical,
            message:
                "\(ByteSize.text(size.diskFree)) are free on the spool's disk"
                + (size.hasReserve ? "" : ", and the reserve has been released")
                + ". Fetching is paused, spooled events are still sent, and settled events are deleted "
                + "early; the source keeps unfetched records for \(Age.text(Self.sourceKeeps)). Free space "
                + "on the disk, or bring back the sink that events wait for; fetching resumes automatically."
        )
    }

    private func failing(_ wal: WALReport) -> [NewNotification] {
        guard let failure = wal.failing else { return [] }
        return [
            NewNotification(
                code: .checkpointFails,
                severity: .error,
                message:
                    "Checkpoints of the write-ahead log (\(ByteSize.text(wal.bytes))) have failed since "
                    + "\(failure.since): \(Sentence.ended(failure.cause)) Nothing is lost and spool keeps "
                    + "retrying, but the log grows. Check the disk, its quota, the file size limit and the "
                    + "kernel's log."
            )
        ]
    }

    /// Reports that no audit has completed for two intervals and an hour, even if the daemon was restarted
    /// meanwhile.
    private func overdueAudit(_ status: SpoolStatus, at now: Timestamp) -> [NewNotification] {
        guard let audit, let last = status.lastAudit ?? status.firstRun else { return [] }
        let limit = audit.every * 2 + .hours(1)
        guard now.since(last) > limit, audit.running() > min(limit, .hours(1)) else { return [] }
        let since = status.lastAudit.map { "since \($0)" } ?? "since this spool was created (\(last))"
        return [
            NewNotification(
                code: .auditOverdue,
                severity: .warning,
                message:
                    "No audit has been completed \(since), although `audit.every` is "
                    + "\(Age.text(audit.every)). Search the log for `proof`: a long `spool verify` delays "
                    + "audits, and so does a source that does not respond. Cleared when an audit completes."
            )
        ]
    }

    private func of(_ wal: WALReport, at now: Timestamp) -> [NewNotification] {
        guard let since = wal.heldSince, now.since(since) > Self.longReader else { return [] }
        return [
            NewNotification(
                code: .longReader,
                severity: .warning,
                message:
                    "Another program has kept a transaction open since \(since), so the write-ahead log has "
                    + "grown to \(ByteSize.text(wal.bytes)). Nothing is lost; end that program, usually a "
                    + "`sqlite3` shell left in a transaction."
            )
        ]
    }
}

extension NewNotification {
    fileprivate init(code: RuleCode, subject: String = "", severity: NotificationSeverity, message: String) {
        self.init(code: code.rawValue, subject: subject, severity: severity, message: message)
    }
}

/// Formats and parses the text of the notification about a refused reload.
///
/// `spool status` reads only the spool, and takes time and cause of the refusal from the notification.
package enum ReloadNotice {
    private static let beginning = "The reload at "
    private static let middle = " failed, and the daemon keeps the previous configuration: "
    private static let remedy = " Correct the file, test it with `spool check`, and reload again."

    static func text(of refusal: Reloads.Refusal) -> String {
        "\(beginning)\(refusal.at)\(middle)\(Sentence.ended(refusal.cause))\(remedy)"
    }

    /// The refusal that a notification reports; nil for any other notification.
    ///
    /// A text written by another version is returned whole as the cause.
    package static func refusal(in notification: SpoolNotification) -> RefusedReload? {
        guard notification.code == RuleCode.reloadRefused.rawValue else { return nil }
        let text = notification.message
        guard text.hasPrefix(beginning), text.hasSuffix(remedy), let parting = text.firstRange(of: middle),
            let at = Timestamp(rfc3339: String(text[..<parting.lowerBound].dropFirst(beginning.count)))
        else { return RefusedReload(at: notification.at, cause: text) }
        return RefusedReload(at: at, cause: String(text[parting.upperBound...].dropLast(remedy.count)))
    }
}
