import SpoolCore
import SpoolStore
import Synchronization

/// A proof as it is kept in the spool while it is made: whatever ends it, what it has found and mended stays.
final class ProofRecord: Sendable {
    /// Names that one transaction keeps.
    private static let slice = 5_000

    private let spool: Spool
    private let proof: Mutex<Proof>

    init(_ begun: Proof, in spool: Spool) {
        self.spool = spool
        proof = Mutex(begun)
    }

    /// As it is kept now.
    var now: Proof { proof.withLock { $0 } }

    /// Keeps the names of the streams it is about.
    func plan(_ streams: [String]) async throws(StoreError) {
        try await spool.save(changed { $0.planned = streams })
    }

    /// Keeps what is known of one stream, in place of what was, with names of what is missing.
    func keep(_ stream: ProofStream, missing: [MissingEvent] = []) async throws(StoreError) {
        let proof = changed { proof in
            if let index = proof.streams.firstIndex(where: { $0.name == stream.name }) {
                proof.streams[index] = stream
            } else {
                proof.streams.append(stream)
            }
        }
        for part in stride(from: 0, to: max(1, missing.count), by: Self.slice) {
            let end = min(missing.count, part + Self.slice)
            try await spool.save(proof, missing: Array(missing[part..<end]))
        }
    }

    /// Keeps that it has come to its end.
    func end(at now: Timestamp) async throws(StoreError) {
        try await spool.save(
            changed { proof in
                proof.state = .done
                proof.finished = now
            }
        )
    }

    private func changed(_ body: (inout Proof) -> Void) -> Proof {
        proof.withLock { proof in
            body(&proof)
            return proof
        }
    }
}
