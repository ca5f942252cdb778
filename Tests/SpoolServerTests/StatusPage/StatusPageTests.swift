import SpoolControl
import SpoolCore
import SpoolStore
import SpoolTestSupport
import Testing

@testable import SpoolServer

@Suite("The status page")
struct StatusPageTests {
    private static let now = Timestamp(milliseconds: 1_795_046_400_000) + .minutes(34)

    private func facts(_ change: (inout PageFacts) -> Void = { _ in }) -> PageFacts {
        var report = StatusReport(
            version: "1",
            holder: nil,
            at: Self.now,
            spool: SpoolFileStatus(
                path: "/spool.db",
                events: 1,
                used: 1 << 20,
                limit: 1 << 30,
                wal: 0,
                free: 5 << 30
            )
        )
        report.streams = [StreamStatus(name: "contoso/activities", kind: "activities", state: "connected")]
        report.sinks = [
            SinkStatus(name: "siem", type: "syslog", address: "siem.example:6514", state: "connected")
        ]
        var facts = PageFacts(report: report, day: DayFigures.empty(at: Self.now), host: "host.example")
        change(&facts)
        return facts
    }

    @Test("when nothing is waiting and everything answers, the page says that everything is forwarded")
    func well() {
        let overview = Overview(facts())

        #expect(overview.level == .well)
        #expect(overview.headline == "Everything is forwarded.")
        #expect(overview.details.isEmpty)
    }

    @Test("events in transit are not a problem, and for a moment not even late")
    func busy() {
        let verdicts = [Duration.seconds(29), .minutes(130)].map { wait in
            Overview(
                facts {
                    $0.report.sinks[0].backlog = 12_345
                    $0.waitingSince = Self.now - wait
                }
            )
        }

        #expect(verdicts.map(\.level) == [.well, .busy])
        #expect(verdicts.map(\.headline) == ["Everything is forwarded.", "Catching up."])
        #expect(verdicts[0].details == ["12,345 events on the way."])
        #expect(verdicts[1].details == ["12,345 events on the way, the oldest in the spool for 2 h 10 min."])
    }

    @Test("a sink that receives no events is named, with its backlog and the cause")
    func sink() {
        let overview = Overview(
            facts {
                $0.report.sinks[0].state = "connection error"
                $0.report.sinks[0].backlog = 7
                $0.report.sinks[0].lastSuccess = Self.now - .hours(3)
                $0.report.sinks[0].error = "Connection refused."
            }
        )

        #expect(overview.level == .trouble)
        #expect(overview.headline == "siem receives no events.")
        #expect(
            overview.details == [
                "siem: connection error, last settled 3 h ago; 7 events kept for it. Connection refused."
            ]
        )
    }

    @Test("several problems are in one sentence, and changing numbers are not read out")
    func several() {
        let overview = Overview(
            facts {
                $0.report.spool.paused = "The disk is full."
                $0.report.streams[0].state = "unreachable"
                $0.report.streams[0].error = "No route."
                $0.report.sinks.append(SinkStatus(name: "b", type: "syslog", address: "", state: "held"))
                $0.report.sinks[0].state = "retrying"
            }
        )

        #expect(
            overview.headline
                == "Fetching is paused, and contoso/activities cannot be read, and siem and b receive no "
                + "events."
        )
        #expect(!overview.spoken.contains { $0.isNumber })
    }

    @Test("a gap is a problem even if everything else is well")
    func gap() {
        let overview = Overview(
            facts {
                $0.day.lanes = [
                    .init(
                        "a/b",
                        start: nil,
                        gaps: [
                            CoverageLane.Span(from: .init(milliseconds: 0), to: .init(milliseconds: 60_000))
                        ],
                        now: Self.now
                    )
                ]
            }
        )

        #expect(overview.level == .trouble)
        #expect(overview.headline == "a/b has gaps.")
    }

    private func lane(_ cause: CoverageLane.Span.Cause) -> CoverageLane {
        let span = CoverageLane.Span(from: Self.now - .minutes(24), to: Self.now - .minutes(4), cause: cause)
        return CoverageLane("contoso/activities", start: Self.now - .days(3), gaps: [span], now: Self.now)
    }

    @Test("a stream that is currently not read is reported once: by its error, or otherwise as a gap")
    func open() {
        let silent = Overview(facts { $0.day.lanes = [lane(.open)] })
        let told = Overview(
            facts {
                $0.day.lanes = [lane(.open)]
                $0.report.streams[0].state = "unreachable"
                $0.report.streams[0].error = "No route."
            }
        )

        #expect(silent.level == .trouble)
        #expect(silent.headline == "contoso/activities has gaps.")
        #expect(
            silent.details == [
                "contoso/activities: not read since 00:10 UTC; it heals by itself when the source answers."
            ]
        )
        #expect(told.headline == "contoso/activities cannot be read.")
        #expect(told.details == ["contoso/activities: unreachable. No route."])
    }

    @Test("a stream that was never read, or that no sink receives, is not reported as forwarded")
    func unreadOrUntaken() {
        let unread = Overview(facts { $0.report.streams[0].state = "created" })
        let untaken = Overview(facts { $0.report.streams[0].sinks = 0 })
        let taken = Overview(facts { $0.report.streams[0].sinks = 1 })

        #expect(unread.level == .busy && unread.headline == "Waiting for the first answer.")
        #expect(untaken.level == .trouble && untaken.headline == "no sink receives contoso/activities.")
        #expect(untaken.details.count == 1)
        #expect(taken.level == .well)
    }

    @Test("while a gap heals, not everything is reported as forwarded")
    func healing() {
        let overview = Overview(facts { $0.day.lanes = [lane(.healing)] })

        #expect(overview.level == .busy)
        #expect(overview.headline == "Catching up.")
        #expect(
            overview.details == [
                "contoso/activities: 1 gap, 20 min in total, not read on schedule, being read now."
            ]
        )
    }

    @Test("an open gap is in the column of gaps, and in the text of the lane")
    func openLane() {
        let page = facts { $0.day.lanes = [lane(.open)] }

        let html = PageParts(facts: page).all

        #expect(html["streams"]?.text.contains(#/data-head="Gaps" class="number"><span>1</#) == true)
        #expect(html["day"]?.text.contains("1 gap, 20 min in total") == true)
        #expect(html["day"]?.text.contains("<rect class=\"gap\" x=") == true)
    }

    @Test("dead letters, active errors and a proof with missing events are problems, each reported once")
    func others() throws {
        let bad = try proof(missing: 12)
        let overview = Overview(
            facts {
                $0.report.sinks[0].deadLetters = 2
                $0.report.notifications = [
                    Self.note(.warning, "Dead letters", "siem"),
                    Self.note(.error, "Internal error", "contoso/activities"),
                    Self.note(.error, "Proof found missing events", ""),
                ]
                $0.report.audit = bad
            }
        )

        #expect(overview.level == .trouble)
        #expect(
            overview.headline
                == "siem has dead letters, and Internal error is active, and the last proof found missing "
                + "events."
        )
        #expect(
            overview.details == [
                "siem: 2 dead letters, permanently rejected by the receiver.",
                "Internal error (contoso/activities) has been active since 00:24 UTC, see below.",
                "The audit of 00:29 UTC found 12 events missing.",
            ]
        )
    }

    @Test("the error of a sink is not repeated, and warnings and clean proofs are not problems")
    func toldAlready() throws {
        let clean = try proof(missing: 0)
        let down = Overview(
            facts {
                $0.report.sinks[0].state = "connection error"
                $0.report.notifications = [Self.note(.error, "Data server connection error", "siem")]
            }
        )
        let well = Overview(
            facts {
                $0.report.notifications = [Self.note(.warning, "Sweep lags", "contoso/activities")]
                $0.report.audit = clean
            }
        )

        #expect(down.headline == "siem receives no events.")
        #expect(down.details.count == 1)
        #expect(well.level == .well)
    }

    @Test("the last audit is shown in one line, and nothing before the first")
    func proofLine() throws {
        let bad = try proof(missing: 12)

        let before = PageParts(facts: facts()).all["proof"]?.text
        let html = PageParts(facts: facts { $0.report.audit = bad }).all["proof"]?.text ?? ""

        #expect(before == "")
        #expect(html.contains("Last audit, ended <time "))
        #expect(html.contains("UTC: 2 d 23 h up to <time "))
        #expect(html.contains("12,345 events, <strong>12 missing</strong>, run by the daemon."))
        #expect(!html.contains("requested"))
    }

    @Test("a requested proof is shown with the audit, and does not hide its findings")
    func askedProof() throws {
        let bad = try proof(missing: 12)
        var asked = try proof(missing: 0)
        asked.id = 2
        asked.reason = "command"
        let page = facts {
            $0.report.audit = bad
            $0.report.proof = asked
        }

        let html = PageParts(facts: page).all["proof"]?.text ?? ""

        #expect(html.contains("Last audit, ended <time "))
        #expect(html.contains("<strong>12 missing</strong>, run by the daemon."))
        #expect(html.contains("Last requested proof, ended <time "))
        #expect(html.contains("12,345 events, 0 missing."))
        #expect(Overview(page).details == ["The audit of 00:29 UTC found 12 events missing."])
    }

    private static func note(_ severity: NotificationSeverity, _ code: String, _ subject: String)
        -> SpoolNotification
    {
        SpoolNotification(
            at: now - .minutes(10),
            severity: severity,
            code: code,
            subject: subject,
            message: "\(code)."
        )
    }

    /// One of three days that ended five minutes ago.
    private func proof(missing: Int) throws -> ProofStatus {
        let now = Self.now.milliseconds
        let text = """
            {"id":1,"reason":"audit","from_ms":\(now - 3 * 86_400_000),"to_ms":\(now - 600_000),\
            "events":12345,"missing":\(missing),"fetched":0,\
            "complete":\(missing == 0),"finished_ms":\(now - 300_000)}
            """
        return try ControlCoding.decode(ProofStatus.self, from: Array(text.utf8))
    }

    @Test("texts of a receiver or portal cannot become markup")
    func escaping() {
        let evil = "<script>alert(1)</script>\"'&"
        let facts = facts {
            $0.host = evil
            $0.report.spool.path = evil
            $0.report.spool.paused = evil
            $0.report.streams[0].state = evil
            $0.report.streams[0].error = evil
            $0.report.sinks[0].state = evil
            $0.report.sinks[0].address = evil
            $0.report.sinks[0].error = evil
            $0.report.notifications = [
                SpoolNotification(at: Self.now, severity: .error, code: evil, subject: evil, message: evil)
            ]
        }

        let page = StatusPage(facts: facts).html.text

        #expect(page.matches(of: #/<script/#).count == 1)
        #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;"))
    }

    @Test("every part has an element in the page, and the update has exactly these parts")
    func parts() {
        let facts = facts()
        let page = StatusPage(facts: facts).html.text
        let update = PageUpdate(facts)

        #expect(Set(update.parts.keys) == Set(PageParts.ids))
        for id in PageParts.ids {
            #expect(page.contains("<div id=\"\(id)\">\(update.parts[id] ?? "?")</div>"), "\(id)")
        }
    }

    @Test("nothing is loaded from elsewhere, and the page contains nothing that the policy forbids")
    func resources() {
        let page = StatusPage(facts: facts()).html.text

        #expect(!page.contains("http://") && !page.contains("https://") && !page.contains("style="))
        #expect(!page.contains("<style") && page.matches(of: #/ on[a-z]+=/#).isEmpty)
        for text in [StatusPage.style, StatusPage.script] {
            #expect(!text.contains("http") && !text.contains("@import"), "\(text.prefix(80))")
        }
    }

    @Test("a replay shows its progress as a bar and as text")
    func replays() async throws {
        var status = ReplayStatus(try await replay())
        (status.id, status.sent, status.total) = (3, 250, 1_000)
        let made = status
        let facts = facts { $0.report.replays = [made] }

        let html = PageParts(facts: facts).all["replays"]?.text ?? ""

        #expect(html.contains("<progress max=\"1000\" value=\"250\" aria-label=\"Replay 3\">25 %</progress>"))
        #expect(html.contains("250 of 1,000 (25 %)"))
        #expect(html.contains(">siem<"))
    }

    @Test("a replay to a one-off destination shows its address, not the internal name")
    func adHocReplay() async throws {
        var status = ReplayStatus(try await replay())
        (status.sink, status.destination) = ("destination@replay-2", "tcp://127.0.0.1:18516")
        let made = status

        let html = PageParts(facts: facts { $0.report.replays = [made] }).all["replays"]?.text ?? ""

        #expect(html.contains(">tcp://127.0.0.1:18516<"))
        #expect(!html.contains("destination@"))
    }

    /// One of a spool with a few events.
    private func replay() async throws -> Replay {
        let folder = try TemporaryFolder()
        var options = SpoolOptions(holder: "test")
        options.reserveBytes = 0
        let spool = try Spool.open(path: folder.path("spool.db"), options: options, at: Self.now)
        let name = try #require(StreamName("contoso/activities"))
        let sink = SinkName("siem")
        let registered = try await spool.register(
            Topology(
                streams: [Topology.Stream(name: name, kind: .activity, filterHash: "f")],
                sinks: [Topology.Sink(name: sink, type: "syslog", streams: [name])]
            ),
            at: Self.now
        )
        let stream = try #require(registered.streams[name])
        let id = try #require(registered.sinks[sink])
        _ = try await spool.append(.samples(stream, count: 4, created: Self.now, fetched: Self.now))
        try await spool.settleFirst(4, of: stream, for: id, at: Self.now)
        let request = ReplayRequest(sink: sink, from: Self.now - .hours(1), to: Self.now + .hours(1))
        let replay = try await spool.create(request, at: Self.now)
        try await spool.close(at: Self.now)
        return replay
    }

    @Test(
        "the headline names a few of many failing sinks and counts the rest, and the table lists them first"
    )
    func manySinks() {
        let facts = facts { facts in
            facts.report.sinks = (0..<32).map { index in
                let state = index == 0 ? "disabled" : index > 12 ? "retrying" : "connected"
                return SinkStatus(name: "sink\(index)", type: "syslog", address: "a:1", state: state)
            }
        }

        let overview = Overview(facts)
        let names = facts.sinksInOrder.map(\.name)

        #expect(overview.headline == "sink13, sink14, sink15 and 16 more receive no events.")
        #expect(overview.details.count == 13 && overview.details.last == "And 7 more: see the tables below.")
        #expect(
            names.first == "sink13" && names[18] == "sink31" && names[19] == "sink1" && names.last == "sink0"
        )
        #expect(facts.troubled.count == 19)
    }

    @Test("a replay's window has both dates, and older replays are counted")
    func replayWindows() throws {
        let stored = (1...12).map { id in
            var replay = Replay(
                id: ReplayID(Int64(id)),
                sinkID: SinkID(1),
                sink: SinkName("siem"),
                request: ReplayRequest(
                    sink: SinkName("siem"),
                    from: Self.now - .hours(50),
                    to: Self.now - .hours(1)
                ),
                state: .disabled,
                streams: [],
                total: 1,
                sent: 1,
                created: Self.now
            )
            replay.finished = Self.now
            return replay
        }

        let parts = PageParts(facts: facts { $0.report.replays = stored.map(ReplayStatus.init) })
        let html = try #require(parts.all["replays"]?.text)

        let text = html.replacing(#/<[^>]*>/#, with: "")
        #expect(text.contains("2026-11-16 22:34 to 2026-11-18 23:34"), "\(text.prefix(900))")
        #expect(html.contains("2 older replays"))
    }

    @Test("the title of the window shows problems, and the size of the backlog")
    func title() {
        let late = PageParts(
            facts: facts {
                $0.report.sinks[0].backlog = 1_000
                $0.waitingSince = Self.now - .minutes(1)
            }
        )

        #expect(PageParts(facts: facts()).title == "spool: all forwarded")
        #expect(late.title == "spool: 1,000 waiting")
    }
}

@Suite("Wording of the page")
struct WordingTests {
    @Test(
        "digits are in groups of three",
        arguments: [(0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567")]
    )
    func numbers(value: Int, text: String) { #expect(Wording.number(value) == text) }

    @Test(
        "durations have at most two units",
        arguments: [
            (0, "0 s"), (59, "59 s"), (60, "1 min"), (719, "11 min"), (3_600, "1 h"), (7_800, "2 h 10 min"),
            (86_400, "1 d"), (273_700, "3 d 4 h"), (-5, "0 s"),
        ]
    )
    func lengths(seconds: Int, text: String) { #expect(Wording.length(.seconds(seconds)) == text) }

    @Test(
        "sizes are in binary units",
        arguments: [
            (0, "0 B"), (1_023, "1023 B"), (1_536, "1.5 KiB"), (20 << 30, "20 GiB"), (123 << 20, "123 MiB"),
        ]
            as [(Int64, String)]
    )
    func sizes(bytes: Int64, text: String) { #expect(Wording.bytes(bytes) == text) }

    @Test("a time on another day includes its date")
    func times() throws {
        let now = try #require(Timestamp(rfc3339: "2026-11-24T12:00:00Z"))

        #expect(Wording.time(now - .minutes(1), now: now) == "11:59")
        #expect(Wording.time(now - .hours(13), now: now) == "2026-11-23 23:00")
        #expect(Wording.time(now, now: now, seconds: true) == "12:00:00")
    }
}
