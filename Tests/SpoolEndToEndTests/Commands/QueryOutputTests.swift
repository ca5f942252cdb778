import Foundation
import SpoolCore
import Testing

@testable import spool

@Suite("The output of a query for a slow reader", .timeLimit(.minutes(2)))
struct QueryOutputTests {
    private static let row = Array(repeating: UInt8(ascii: "x"), count: 10_000)

    @Test("ends the query when an unread pipe and the buffer are full")
    func stalled() async {
        let pipe = Pipe()
        let writer = DescriptorWriter(pipe.fileHandleForWriting.fileDescriptor)
        let output = QueryOutput(limit: 1_000_000, timeout: .milliseconds(300)) { writer.write($0) }

        var rows = 0
        while output.add(Self.row) { rows += 1 }
        await output.end()

        #expect(output.isStalled)
        // The buffer, and what the kernel accepted for the pipe.
        #expect((100...130).contains(rows))
        writer.stopWaiting()
    }

    @Test("is buffered, so that the query ends first and the reader gets all of it later")
    func late() async throws {
        let pipe = Pipe()
        let writer = DescriptorWriter(pipe.fileHandleForWriting.fileDescriptor)
        let output = QueryOutput(limit: 1_000_000, timeout: .seconds(60)) { writer.write($0) }

        // These return although nothing is read yet.
        for _ in 0..<50 { #expect(output.add(Self.row)) }
        let reading = pipe.fileHandleForReading
        async let read = Task.detached {
            var count = 0
            while count < 500_000 { count += reading.availableData.count }
            return count
        }.value
        await output.end()

        #expect(await read == 500_000)
        #expect(!output.isStalled)
    }

    @Test("ends the query when the reader has gone")
    func gone() async throws {
        let pipe = Pipe()
        let writer = DescriptorWriter(pipe.fileHandleForWriting.fileDescriptor)
        let output = QueryOutput(limit: 1_000_000, timeout: .seconds(60)) { writer.write($0) }
        try pipe.fileHandleForReading.close()

        while output.add(Self.row) {}
        await output.end()

        #expect(writer.failure == .readerGone && !output.isStalled)
    }
}
