import Foundation
import Testing

@testable import SpoolDaemon

@Suite("the log's writer", .timeLimit(.minutes(1)))
struct LogWriterTests {
    private static func writer(_ pipe: Pipe, capacity: Int) -> LogWriter {
        LogWriter(
            descriptor: pipe.fileHandleForWriting.fileDescriptor,
            capacity: capacity,
            report: { "dropped \($0)" }
        )
    }

    @Test(
        "an unread pipe blocks no caller; lines that do not fit are dropped, counted and reported later"
    )
    func unread() throws {
        let pipe = Pipe()
        let writer = Self.writer(pipe, capacity: 10_000)
        let line = String(repeating: "x", count: 99)

        var number = 0
        while writer.flush(within: .milliseconds(20)) {
            for _ in 0..<50 {
                writer.write("\(number) \(line)")
                number += 1
            }
        }
        while writer.droppedLines < 1_000 {
            writer.write("\(number) \(line)")
            number += 1
        }
        let isFlushed = writer.flush(within: .milliseconds(50))
        let dropped = writer.droppedLines
        var text = ""
        while !text.contains("dropped") {
            text += String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
        }

        #expect(!isFlushed)
        #expect(writer.flush(within: .seconds(20)))
        let lines = text.split(separator: "\n")
        #expect(lines.last == "dropped \(dropped)")
        let numbers = lines.dropLast().compactMap { Int($0.prefix { $0 != " " }) }
        #expect(numbers.count == number - dropped)
        #expect(numbers == numbers.sorted())
    }

    @Test("queued lines are written before flush returns")
    func flushes() throws {
        let pipe = Pipe()
        let writer = Self.writer(pipe, capacity: 10_000)

        for number in 0..<10 { writer.write("\(number)") }
        let isFlushed = writer.flush(within: .seconds(20))

        #expect(isFlushed)
        let text = String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
        #expect(text == (0..<10).map { "\($0)\n" }.joined())
    }

    @Test("a closed pipe ends neither the process nor the writer")
    func closed() throws {
        let pipe = Pipe()
        let writer = Self.writer(pipe, capacity: 10_000)
        try pipe.fileHandleForReading.close()

        for number in 0..<10 { writer.write("\(number)") }

        #expect(writer.flush(within: .seconds(20)))
    }
}
