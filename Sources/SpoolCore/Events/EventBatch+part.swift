extension EventBatch {
    /// A copy of some of its events, for the rare case that a batch has to be split.
    package func part(_ range: Range<Int>) -> EventBatch {
        var part = EventBatch(stream: stream, reserving: range.count)
        let isBreak = Set(breaks)
        for index in range {
            part.begin(
                seq: seqs[index],
                kind: kinds[index],
                occurred: occurred[index],
                created: created[index],
                severity: severities[index],
                followsGap: isBreak.contains(index)
            )
            text.withUnsafeBytes { bytes in
                for column in Column.allCases {
                    part.appendText(
                        UnsafeRawBufferPointer(rebasing: bytes[self.range(of: column, at: index)])
                    )
                }
            }
        }
        return part
    }
}
