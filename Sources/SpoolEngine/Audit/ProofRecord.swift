import SpoolCore
import SpoolStore
import Synchronization

/// A proof that is stored in the spool while it runs, so that findings and repairs survive an interruption.
final class ProofRecord: Sendable {
    /// The number of missing events that one transaction stores.
    private static let slice = 5_000

    private let spool: Spool
    private let proof: Mutex<Proof>

    init(_ begun: Proof, in spool: Spool) {
        self.spool = spool
        proof = Mutex(begun)
    }

    /// The current state of the proof.
    var now: Proof { proof.withLock { $0 } }

    /// Stores the names of the streams to verify.
    func plan(_ streams: [String]) async throws(StoreError) {
        try await spool.save(changed { $0.planned = streams })
    }

    /// Stores the result for one stream, replacing an earlier one, with its missing events.
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

    /// Stores that the proof is done.
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
