import SpoolCore
import SpoolPipeline
import Testing

@Suite("Health of a stream")
struct StreamHealthTests {
    var health = StreamHealth(pageLimit: 100)

    private mutating func pauses(_ kinds: [SourceFault.Kind]) -> [Duration] {
        kinds.map { health.noteFailure(SourceFault($0, "x"), chance: 1) }
    }

    @Test("faults of the link share one backoff, whatever their state")
    mutating func oneFamily() {
        #expect(
            pauses([.unreachable, .nonsense, .incomplete, .unreachable]) == [1, 2, 4, 8].map { .seconds($0) }
        )
    }

    @Test("an answer resets the backoff")
    mutating func anew() {
        _ = pauses([.unreachable, .unreachable, .unreachable])
        let isOver = health.noteAnswer(endsScan: false)

        #expect(isOver)
        #expect(pauses([.unreachable]) == [.seconds(1)])
    }

    @Test(
        "waits at least as long as throttling requests, between 1 s and 15 min",
        arguments: [(nil, 60), (Duration.zero, 1), (Duration.seconds(41), 41), (Duration.hours(9), 900)]
            as [(Duration?, Int)]
    )
    mutating func throttle(asked: Duration?, seconds: Int) {
        var health = StreamHealth(pageLimit: 100)
        let pause = health.noteFailure(SourceFault(.throttled(asked), "429"), chance: 0)

        #expect(pause == .seconds(seconds))
    }

    @Test(
        "faults that only an operator can fix are probed slowly",
        arguments: [SourceFault.Kind.invalidToken, .forbidden, .rejected, .invalidProxy]
    )
    mutating func settings(kind: SourceFault.Kind) {
        var health = StreamHealth(pageLimit: 100)
        let pauses = (0..<6).map { _ in health.noteFailure(SourceFault(kind, "x"), chance: 0) }

        #expect(pauses == [15, 30, 60, 120, 150, 150].map { .seconds($0) })
    }

    @Test("requests smaller pages immediately, but not forever")
    mutating func tooLarge() {
        let pauses = pauses(Array(repeating: .tooLarge, count: 21))

        #expect(pauses.prefix(19).allSatisfy { $0 == .zero })
        #expect(pauses.suffix(2) == [.seconds(1), .seconds(2)])
        #expect(health.limit.current == 1)
    }

    @Test("consecutive lost scans wait longer and longer, even with pages between them")
    mutating func lostScans() {
        var pauses: [Duration] = []
        for _ in 0..<4 {
            pauses.append(health.noteFailure(SourceFault(.scanLost, "x"), chance: 1))
            let isOver = health.noteAnswer(endsScan: false)
            #expect(!isOver)
        }

        #expect(pauses == [0, 30, 60, 120].map { .seconds($0) })
        let isOver = health.noteAnswer(endsScan: true)
        #expect(isOver)
    }

    @Test("a sweep without an end backs off, and polls that end do not reset that")
    mutating func unended() {
        var pauses: [Duration] = []
        for _ in 0..<8 {
            pauses.append(health.noteFailure(SourceFault(.unended, "x"), of: .sweep, chance: 1))
            let isOver = health.noteAnswer(.poll, endsScan: true)
            #expect(!isOver)
        }

        #expect(pauses == [1, 2, 4, 8, 16, 32, 60, 60].map { .seconds($0) })
        let isOver = health.noteAnswer(.sweep, endsScan: true)
        #expect(isOver)
    }

    @Test(
        "an open poll without an end restarts immediately, any other scan after ten failures at its position"
    )
    mutating func beginsAgain() {
        let fault = SourceFault(.unended, "x")
        let open = Scan(reason: .poll, from: Sample.now, to: nil, filterHash: "f1")
        var window = open
        window.to = Sample.now + .minutes(1)
        let sweep = Scan(reason: .sweep, from: Sample.now, to: nil, filterHash: "f1")
        let isOpenLost = health.beginsAgain(open, after: fault)
        var lost: [Bool] = []
        for _ in 0..<20 {
            lost.append(health.beginsAgain(window, after: fault))
            _ = health.noteFailure(fault, of: .poll, chance: 1)
        }
        let isSweepLost = health.beginsAgain(sweep, after: fault)

        #expect(isOpenLost && !isSweepLost)
        #expect(lost.indices.filter { lost[$0] } == [9, 19])
    }
}

@Suite("Page limit")
struct PageLimitTests {
    var limit = PageLimit(most: 5_000)

    @Test("a body over the size limit halves it immediately, down to a single record")
    mutating func halves() {
        var seen: [Int] = []
        for _ in 0..<14 {
            limit.noteTooLarge()
            seen.append(limit.current)
        }

        #expect(seen == [2_500, 1_250, 625, 312, 156, 78, 39, 19, 9, 4, 2, 1, 1, 1])
    }

    @Test("only the second truncation in a row halves it")
    mutating func secondTruncation() {
        limit.noteCutOff()
        #expect(limit.current == 5_000)
        limit.noteCutOff()
        #expect(limit.current == 2_500)
        limit.noteCutOff()
        limit.noteWholePage()
        limit.noteCutOff()
        #expect(limit.current == 2_500)
    }

    @Test("grows by half after eight complete pages, up to its maximum")
    mutating func growsSlowly() {
        for _ in 0..<13 { limit.noteTooLarge() }
        var pages = 0
        while limit.current < 5_000 {
            limit.noteWholePage()
            pages += 1
        }

        #expect(pages == 8 * 21)
        #expect(limit == PageLimit(most: 5_000))
    }
}
