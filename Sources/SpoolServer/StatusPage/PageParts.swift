import SpoolControl
import SpoolCore

/// The parts of the page that change, by the id of their element.
struct PageParts: Sendable {
    let facts: PageFacts

    /// Their order on the page.
    static let ids = [
        "verdict", "figures", "proof", "notifications", "day", "sinks", "streams", "replays", "updated",
    ]

    var all: [String: HTML] {
        [
            "verdict": verdict, "figures": figures, "proof": proof, "notifications": notifications,
            "day": day, "sinks": sinks, "streams": streams, "replays": replays, "updated": updated,
        ]
    }

    /// The title of the window: it shows the backlog even in a row of tabs.
    var title: String {
        let overview = Overview(facts)
        switch overview.level {
        case .well: return "spool: all forwarded"
        case .busy: return "spool: \(Wording.number(facts.waiting)) waiting"
        case .trouble: return "spool: problems, \(Wording.number(facts.waiting)) waiting"
        }
    }

    private var now: Timestamp { facts.now }

    private var verdict: HTML {
        let overview = Overview(facts)
        let mark =
            switch overview.level {
            case .well: "✓"
            case .busy: "→"
            case .trouble: "!"
            }
        let details = overview.details.map { detail -> HTML in "<p>\(detail)</p>" }
        return """
            <div class="verdict \(overview.level.rawValue)">\
            <span class="mark" aria-hidden="true">\(mark)</span>\
            <div><p class="headline">\(overview.headline)</p>\(details)</div></div>
            """
    }

    private var figures: HTML {
        let report = facts.report
        let fetched = report.fetchedStreams.reduce(0) { $0 + $1.perMinute }
        let settled = report.sinks.reduce(0) { $0 + $1.perMinute }
        let wait = facts.waitingSince == nil ? "none" : Wording.length(facts.wait)
        let dead = report.sinks.reduce(0) { $0 + $1.deadLetters }
        let items: [(String, String, String)] = [
            ("Waiting", Wording.number(facts.waiting), "waiting"), ("Longest wait", wait, "wait"),
            ("Fetched per minute", Wording.number(fetched), "fetched"),
            ("Settled per minute", Wording.number(settled), "settled"),
            ("Dead letters", Wording.number(dead), "dead"),
            ("Spool\(limit)", Wording.bytes(report.spool.used), "size"),
            ("Disk free", Wording.bytes(report.spool.free), "free"),
        ]
        let pairs = items.map { name, value, id -> HTML in
            "<div><dt>\(name)</dt><dd id=\"figure-\(id)\">\(value)</dd></div>"
        }
        return "<dl>\(pairs)</dl>"
    }

    private var limit: String {
        facts.report.spool.limit > 0 ? ", of \(Wording.bytes(facts.report.spool.limit))" : ""
    }

    /// The last audit and a newer requested proof, one line each; empty before the first.
    private var proof: HTML {
        let audit: HTML = facts.report.audit.map { line("Last audit", $0) } ?? .none
        let asked: HTML = facts.report.proof.map { line("Last requested proof", $0) } ?? .none
        return "\(audit)\(asked)"
    }

    private func line(_ name: String, _ proof: ProofStatus) -> HTML {
        let streams = proof.streams.map { " of " + $0.joined(separator: ", ") } ?? ""
        let result: HTML =
            proof.unproved == .all ? "nothing could be compared" : self.result(proof)
        let reason = proof.reason == "audit" ? ", run by the daemon" : ""
        return """
            <p class="proof">\(name), ended \(time(proof.finished)) UTC: \
            \(Wording.length(proof.to.since(proof.from))) up to \(time(proof.to)) UTC\(streams): \
            \(result)\(reason).</p>
            """
    }

    private func result(_ proof: ProofStatus) -> HTML {
        let missing: HTML =
            proof.missing == 0 ? "0 missing" : "<strong>\(Wording.number(proof.missing)) missing</strong>"
        let fetched =
            proof.fetched > 0 ? " (\(Wording.number(proof.fetched)) of them fetched immediately)" : ""
        let rest = proof.unproved == nil ? "" : ", not complete: \(proof.reasons)"
        return "\(Wording.count(proof.events, "event")), \(missing)\(fetched)\(rest)"
    }

    private var notifications: HTML {
        guard !facts.report.notifications.isEmpty else { return "<p class=\"none\">None.</p>" }
        let items = facts.report.notifications.map { note -> HTML in
            let subject: HTML =
                note.subject.isEmpty ? .none : " <span class=\"subject\">\(note.subject)</span>"
            return """
                <li class="\(note.severity.rawValue)"><p><strong>\
                <span class="severity">\(note.severity.rawValue)</span> \(note.code)\
                </strong>\(subject) <span class="since">since \(time(note.at))</span></p>\
                <p>\(note.message)</p></li>
                """
        }
        return "<ul>\(items)</ul>"
    }

    private var day: HTML {
        let chart = DayChart(figures: facts.day, troubled: facts.troubled)
        let hours = DayTable(figures: facts.day, troubled: facts.troubled).html
        return """
            <figure><figcaption class="legend">\(Self.legend)</figcaption>\(chart.svg)</figure>\
            <details id="hours"><summary>The same data as numbers, by hour</summary>\(hours)</details>
            """
    }

    private static let legend: HTML = {
        let kinds: [(String, HTML)] = [
            ("twice", "re-read"), ("once", "read once"), ("late", "read late"),
            ("unread", "not read yet"),
            ("gap", "gap: not proved to have been read"), ("off", "no daemon ran"),
        ]
        let items = kinds.map { look, words -> HTML in
            """
            <span><svg width="18" height="10" aria-hidden="true">\
            <rect class="\(HTML(look))" width="18" height="10"/></svg> \(words)</span>
            """
        }
        return "\(items) <span>Steps of ten minutes, times in UTC.</span>"
    }()

    private var sinks: HTML {
        let rows = facts.sinksInOrder.map { sink -> [PageTable.Cell] in
            [
                .init(
                    """
                    <strong>\(sink.name)</strong> <span class="address">\(sink.type) \(sink.address)</span>
                    """
                ),
                .init("\(state(sink.state))"),
                .init(
                    "<span id=\"waiting-\(sink.name)\">\(Wording.number(sink.backlog))</span>",
                    isNumber: true
                ),
                .init("\(ago(sink.oldest))", isNumber: true),
                .init("\(Wording.number(sink.perMinute))", isNumber: true),
                .init("\(ago(sink.lastSuccess, " ago", "never"))", isNumber: true),
                .init("\(Wording.number(sink.attempts))\(next(sink.retryAt))", isNumber: true),
                .init("\(Wording.number(sink.deadLetters))", isNumber: true),
            ]
        }
        return PageTable(
            caption: "Sinks",
            head: [
                "Sink", "State", "Waiting", "Oldest event", "Settled per minute", "Last settled",
                "Failed attempts",
                "Dead letters",
            ],
            rows: rows
        ).html
    }

    private var streams: HTML {
        let lanes = Dictionary(facts.day.lanes.map { ($0.name, $0) }) { first, _ in first }
        let rows = facts.report.fetchedStreams.map { stream -> [PageTable.Cell] in
            let gaps = lanes[stream.name]?.gaps.count ?? 0
            return [
                .init("<strong>\(stream.name)</strong> <span class=\"address\">\(stream.kind)</span>"),
                .init("\(state(stream.state))"),
                .init("\(Wording.number(stream.perMinute))", isNumber: true),
                .init("\(moment(stream.readTo))", isNumber: true),
                .init("\(moment(stream.readTwiceTo))", isNumber: true),
                .init("\(ago(stream.newest, " ago", "none yet"))", isNumber: true),
                .init("\(Wording.number(gaps))", isNumber: true),
            ]
        }
        return PageTable(
            caption: "Streams",
            head: [
                "Stream", "State", "Fetched per minute", "Read up to", "Re-read up to", "Newest record",
                "Gaps",
            ],
            rows: rows
        ).html
    }

    private var replays: HTML {
        let shown = facts.report.replays.prefix(10)
        guard !shown.isEmpty else { return "<p class=\"none\">None.</p>" }
        let rows = shown.map { replay -> [PageTable.Cell] in
            let whole = max(replay.total, replay.sent, 1)
            let share = replay.total == 0 ? 100 : min(100, replay.sent * 100 / whole)
            return [
                .init("<strong>\(Int(replay.id))</strong>"),
                .init("\(replay.destination ?? replay.sink)"),
                .init("\(state(replay.state.rawValue))"),
                .init("\(dated(replay.from)) to \(dated(replay.to))"),
                .init(
                    """
                    <progress max="\(whole)" value="\(replay.total == 0 ? whole : replay.sent)" \
                    aria-label="Replay \(Int(replay.id))">\(share) %</progress> \
                    \(Wording.number(replay.sent)) of \(Wording.number(replay.total)) (\(share) %)
                    """,
                    isNumber: true
                ),
                .init("\(moment(replay.created))", isNumber: true),
            ]
        }
        let older = facts.report.replays.count - shown.count
        let rest: HTML =
            older > 0
            ? "<p class=\"none\">\(Wording.count(older, "older replay")): <code>spool replay list</code></p>"
            : .none
        let table = PageTable(
            caption: "Replays, newest first",
            head: ["Replay", "Sink", "State", "Window, UTC", "Sent", "Created"],
            rows: Array(rows)
        ).html
        return "\(table)\(rest)"
    }

    private var updated: HTML {
        """
        Updated <time datetime="\(now.description)">\(Wording.time(now, now: now, seconds: true))</time> UTC
        """
    }

    /// A state with a mark, so that nothing depends on colour alone.
    private func state(_ word: String) -> HTML {
        let isWell = ["connected", "running"].contains(word)
        let isQuiet = ["created", "disabled", "paused", "cancelled"].contains(word)
        let (look, mark) = isWell ? ("well", "●") : isQuiet ? ("quiet", "○") : ("bad", "▲")
        return "<span class=\"state \(look)\"><span aria-hidden=\"true\">\(mark)</span> \(word)</span>"
    }

    private func next(_ retry: Timestamp?) -> HTML {
        guard let retry, retry > now else { return .none }
        return " <span class=\"address\">next in \(Wording.length(retry.since(now)))</span>"
    }

    private func ago(_ time: Timestamp?, _ suffix: String = "", _ none: String = "none") -> String {
        time.map { Wording.length(now.since($0)) + suffix } ?? none
    }

    private func moment(_ time: Timestamp?) -> HTML { time.map(self.time) ?? "not yet" }

    /// A time that always includes the date.
    private func dated(_ time: Timestamp) -> HTML {
        "<time datetime=\"\(time.description)\">\(Wording.date(time))</time>"
    }

    private func time(_ time: Timestamp) -> HTML {
        "<time datetime=\"\(time.description)\">\(Wording.time(time, now: now))</time>"
    }
}

extension HTML {
    /// A constant word.
    fileprivate init(_ word: String) { self = "\(word)" }
}
