import Testing

@testable import spool

@Suite("Addresses and sequence numbers of `spool listen`")
struct ListenPartsTests {
    @Test(
        "addresses are parsed",
        arguments: [
            ("tcp://127.0.0.1:1514", ListenTarget(transport: .tcp, host: "127.0.0.1", port: 1514)),
            ("localhost:0", ListenTarget(transport: .tcp, host: "localhost", port: 0)),
            ("tls://[::1]:6514", ListenTarget(transport: .tls, host: "::1", port: 6514)),
            ("relp+tls://0.0.0.0:20514", ListenTarget(transport: .relpTLS, host: "0.0.0.0", port: 20514)),
        ]
    )
    func addresses(_ text: String, _ expected: ListenTarget) {
        #expect(ListenTarget(text) == expected)
    }

    @Test(
        "invalid addresses are rejected",
        arguments: [
            "1514", "tcp://", "smtp://127.0.0.1:25", "::1:514", "tcp://host:70000", "tcp://host:1514/path",
            "host:",
        ]
    )
    func refused(_ text: String) {
        #expect(ListenTarget(text) == nil)
    }

    @Test("missing numbers are counted, a late number fills its gap, and a restart starts a new sequence")
    func sequence() {
        var watch = SequenceWatch()

        for number in [1, 2, 5, 6, 4, 10, 1, 2, 4] { watch.take(number) }

        #expect(watch.numbered == 9 && watch.restarts == 1)
        #expect(watch.missing == 5)
        #expect(watch.gaps == [3...3, 7...9, 3...3])
    }

    @Test("the number is read only from the structured data of the header")
    func numbers() {
        let header = #"<109>1 2026-11-24T00:00:00Z host spool - - [meta sequenceId="17" sysUpTime="3"]"#

        #expect(SequenceWatch.number(in: header + " CEF:0|v|p|1|c|n|0|") == 17)
        #expect(SequenceWatch.number(in: #"CEF:0|v|p|1|c|n|0|msg=[meta sequenceId="4"]"#) == nil)
        #expect(SequenceWatch.number(in: "CEF:0|v|p|1|c|n|0|") == nil)
    }

    @Test("numbers that RFC 5424 does not allow are ignored, and huge gaps do not crash the process")
    func greatNumbers() {
        let header = { (number: String) in #"<1>1 - h a - - [meta sequenceId="\#(number)"]"# }
        var watch = SequenceWatch()
        for number in [1, Int.max, 1, Int.max - 1, 1, Int.max] { watch.take(number) }

        #expect(SequenceWatch.number(in: header("2147483647")) == 2_147_483_647)
        for text in ["0", "2147483648", "9223372036854775807", "9223372036854775808"] {
            #expect(SequenceWatch.number(in: header(text)) == nil, "\(text)")
        }
        #expect(watch.numbered == 6 && watch.missing > 0)
    }
}
