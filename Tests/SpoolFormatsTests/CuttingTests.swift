import SpoolCore
import SpoolFormats
import SpoolReceiver
import Testing

struct CuttingTests {
    private let mark = "…[cut]"

    @Test("a line over the limit is cut only in its long texts, marked, and stays within the limit")
    func cut() throws {
        let long = String(repeating: "a=b\\\u{1F980}", count: 2_000)
        let event = event { event in
            event.externalID = String(repeating: "7", count: 60)
            event.message = long
            event.userName = "alex@example.com"
            event.objects = long
        }

        for limit in 1_024...1_100 {
            let line = try lines(batch([event]), limit: limit)[0]

            let cef = try parsed(line)
            #expect(line.utf8.count <= limit)
            // Each of two texts may lose most of a character of 4 bytes, or of the space for its mark.
            #expect(line.utf8.count > limit - 16)
            #expect(cef["externalId"] == event.externalID)
            #expect(cef["suser"] == "alex@example.com")
            for key in ["msg", "cs3"] {
                let value = try #require(cef[key])
                #expect(value.hasSuffix(mark))
                #expect(long.hasPrefix(value.dropLast(mark.count)))
            }
        }
    }

    @Test("a line exactly at the limit is not changed")
    func exact() throws {
        let event = event { $0.message = String(repeating: "m", count: 1_500) }
        let whole = try lines(batch([event]), limit: 1 << 20)[0]

        let format = LineFormat(
            payload: .cef(.agent()),
            envelope: .bare,
            framing: .lines,
            maxMessageBytes: whole.utf8.count
        )
        let (bytes, result) = render(batch([event]), format)

        #expect(try split(bytes) == [whole])
        #expect(result.cut.isEmpty)
    }

    @Test("an event whose id alone exceeds the limit is left out and reported; the others are sent")
    func tooLarge() throws {
        let events = [
            event(), event { $0.externalID = String(repeating: "9", count: 2_000) },
            event { $0.externalID = "id-3" },
        ]
        for framing in [Framing.lines, .octetCounting, .datagrams] {
            let format = LineFormat(
                payload: .cef(.agent()),
                envelope: .bare,
                framing: framing,
                maxMessageBytes: 1_024
            )

            let (bytes, result) = render(batch(events), format)

            #expect(result.tooLarge == [1])
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(text.contains("externalId=id-1 ") && text.contains("externalId=id-3 "))
            #expect(!text.contains("999"))
            if framing == .datagrams { #expect(result.ends.count == 2) }
        }
    }

    @Test("the clean profile keeps the dictionary's lengths, but never cuts an id")
    func dictionary() throws {
        let long = String(repeating: "é", count: 5_000)
        let event = event { event in
            event.externalID = String(repeating: "7", count: 60)
            event.action = long
            event.message = long
            event.userAgent = long
            event.objects = long
        }

        let cef = try parsed(lines(batch([event]), .clean(), limit: 1 << 20)[0])

        #expect(cef.name.unicodeScalars.count == 512)
        #expect(cef["msg"]?.unicodeScalars.count == 1_023)
        #expect(cef["requestClientApplication"]?.unicodeScalars.count == 1_023)
        #expect(cef["cs3"]?.unicodeScalars.count == 4_000)
        #expect(cef["externalId"]?.count == 60)
        #expect(cef["msg"]?.hasSuffix(mark) == true)
    }

    @Test("a text of exactly the dictionary's length is not cut")
    func dictionaryExact() throws {
        let text = String(repeating: "é", count: 1_023)

        let cef = try parsed(lines(batch([event { $0.message = text }]), .clean())[0])

        #expect(cef["msg"] == text)
    }

    @Test("the clean profile writes alerts' severities, plain labels and no empty pairs")
    func clean() throws {
        let severities = try [0, 1, 2, 3].map { severity in
            let alert = event(.alert) {
                $0.severity = severity
                $0.ip = "2001:db8::1"
            }
            let cef = try parsed(lines(batch([alert]), .clean())[0])
            #expect(cef["c6a1Label"] == "Device IPv6 Address")
            #expect(cef.pairs.allSatisfy { !$0.value.isEmpty })
            return cef.severity
        }

        #expect(severities == ["3", "6", "8", "0"])
    }
}
