import Foundation
import SpoolCore
import Testing

@Suite("Whether a proof is complete")
struct ProofCompleteTests {
    private static let window = TimeWindow(from: .init(milliseconds: 1_000), to: .init(milliseconds: 2_000))
    private static let list = ProofList(count: 3, sha256: "abc")

    /// A sink that has acknowledged three events.
    private static var sink: ProofSink {
        var sink = ProofSink(SinkName("siem"))
        sink.delivered = list
        sink.acknowledged = 3
        return sink
    }

    /// Two streams of three events each that a sink has acknowledged; `change` is applied to the second one.
    private static func proof(_ change: (inout ProofStream) -> Void = { _ in }) -> Proof {
        let name = StreamName(source: "contoso", stream: "activities")
        var stream = ProofStream(name: name, kind: .activity, filterHash: "f")
        stream.compared = window
        stream.events = 3
        (stream.source, stream.spool) = (list, list)
        stream.sinks = [sink]
        var proof = Proof(
            id: 1,
            reason: .command,
            request: VerifyRequest(from: window.from, to: window.to),
            state: .done,
            version: "1",
            started: window.to
        )
        let whole = stream
        change(&stream)
        proof.streams = [whole, stream]
        return proof
    }

    @Test("it is complete if every stream was compared and every sink's list equals the spool's")
    func complete() {
        var proof = Self.proof()
        #expect(proof.isComplete && proof.shortfalls.isEmpty && proof.isCompared && !proof.provesNothing)

        proof.state = .failed
        #expect(!proof.isComplete)
    }

    @Test("a stream without any event in the window does not make a proof incomplete")
    func oneIsEmpty() {
        let proof = Self.proof { stream in
            (stream.events, stream.source, stream.spool) = (0, ProofList(), ProofList())
            stream.sinks = [ProofSink(SinkName("siem"))]
        }

        #expect(proof.isComplete)
    }

    @Test("each reason why a proof is not complete has its own word, and does not count as missing")
    func partly() {
        let partly: [(ProofShortfall, Proof)] = [
            (.tooEarly, Self.proof { $0.tooEarlyFrom = Self.window.from }),
            (.beforeStreamStart, Self.proof { $0.start = Self.window.from }),
            (.emptyAnswer, Self.proof { $0.unproved = [Self.window] }),
            (.noLongerProvable, Self.proof { $0.noLongerProvable = 1 }),
            (.pruned, Self.proof { $0.pruned = 1 }),
            (.pruned, Self.proof { $0.sinks[0].pruned = 1 }),
            (.noSink, Self.proof { $0.sinks = [] }),
            (
                .notTaken,
                Self.proof { stream in
                    stream.sinks = []
                    stream.notTaken = ["siem"]
                }
            ),
            (.beforeSinkStart, Self.proof { $0.sinks[0].beforeStart = 1 }),
            (.filtered, Self.proof { $0.sinks[0].filtered = 1 }),
            (.dismissed, Self.proof { $0.sinks[0].dismissed = 1 }),
            (.unconfirmed, Self.proof { $0.sinks[0].sent = 1 }),
            (.pending, Self.proof { $0.sinks[0].pending = 1 }),
            (.repairUnfinished, Self.proof { $0.mending = true }),
        ]

        for (word, proof) in partly {
            #expect(proof.shortfalls == [word])
            #expect(
                !proof.isComplete && proof.isCompared && proof.missing == 0 && !proof.provesNothing,
                "\(word)"
            )
        }
        let covered = Set(partly.map(\.0)).union([.nothingCompared, .empty])
        #expect(covered == Set(ProofShortfall.allCases))
    }

    @Test("a sink whose list differs from the spool's is not complete, whatever its counts")
    func otherList() {
        let proof = Self.proof { $0.sinks[0].delivered.sha256 = "abd" }

        #expect(!proof.isComplete && proof.shortfalls.isEmpty && proof.missing == 0)
    }

    @Test("missing events make it incomplete")
    func missing() {
        #expect(!Self.proof { $0.neverFetched = 1 }.isComplete)
        #expect(!Self.proof { $0.sinks[0].doubtful = 1 }.isComplete)
        let lost = Self.proof { $0.sinks[0].lost = 1 }
        #expect(!lost.isComplete && lost.missing == 1)
    }

    @Test("a proof that compared nothing proves nothing")
    func nothing() {
        var proof = Self.proof { $0.compared = nil }
        proof.streams.removeFirst()
        #expect(!proof.isComplete && !proof.isCompared && proof.provesNothing)
        #expect(proof.shortfalls == [.nothingCompared])

        proof.streams = []
        #expect(!proof.isComplete && !proof.isCompared && proof.provesNothing)
    }

    @Test(
        "a window without events is not complete; it is a proof unless the source's answer proves nothing"
    )
    func empty() {
        func empty(_ change: (inout ProofStream) -> Void) -> Proof {
            var proof = Self.proof { stream in
                (stream.events, stream.source, stream.spool) = (0, ProofList(), ProofList())
                stream.sinks = [ProofSink(SinkName("siem"))]
                change(&stream)
            }
            proof.streams.removeFirst()
            return proof
        }

        let quiet = empty { _ in }
        let old = empty { $0.unproved = [Self.window] }

        #expect(!quiet.isComplete && quiet.shortfalls == [.empty] && !quiet.provesNothing)
        #expect(!old.isComplete && old.shortfalls == [.empty, .emptyAnswer] && old.provesNothing)
    }

    @Test("events that no sink has prove no delivery")
    func nothingDelivered() {
        func alone(_ change: (inout ProofSink) -> Void) -> Proof {
            var proof = Self.proof { stream in
                stream.sinks[0].acknowledged = 0
                stream.sinks[0].delivered = ProofList()
                change(&stream.sinks[0])
            }
            proof.streams.removeFirst()
            return proof
        }

        #expect(alone { $0.beforeStart = 3 }.provesNothing)
        #expect(alone { $0.filtered = 3 }.provesNothing)
        #expect(alone { $0.sent = 3 }.provesNothing)
    }

    @Test("a proof stored by an earlier version is read, with 0 for counts that it lacks")
    func earlier() throws {
        let text = """
            {"id":4,"reason":"audit","request":{"from_ms":1,"to_ms":2,"repair":"fetch"},"state":"done",\
            "version":"1",\
            "started_ms":3,"streams":[{"name":"c/activities","basis":"created","filter_hash":"f","events":2,\
            "source":{"count":2,"sha256":"a"},"spool":{"count":2,"sha256":"a"},"never_fetched":0,"fetched":0,\
            "no_longer_provable":1,"gone":0,"unreadable":0,"unproved":[],"sinks":[{"name":"siem","delivered":\
            {"count":2,"sha256":"a"},"acknowledged":2,"kernel":0,"sent":0,"filtered":0,"before_start":0,\
            "dismissed":0,\
            "unsettled":0,"waiting":0,"dead_letters":0,"doubtful":0,"replays":[]}]}]}
            """

        let proof = try JSONDecoder().decode(Proof.self, from: Data(text.utf8))

        #expect(proof.streams[0].pruned == 0 && proof.streams[0].noLongerProvable == 1)
        #expect(proof.streams[0].sinks[0].acknowledged == 2 && proof.streams[0].notTaken.isEmpty)
        let again = try JSONDecoder().decode(Proof.self, from: JSONEncoder().encode(proof))
        #expect(again == proof)
    }
}
