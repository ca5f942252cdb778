import Testing

/// Tests of the spool against its disk, one after the other: they run after all others, in a short form.
///
/// `make torture` runs the long form; `TortureSettings` lists what can be set. Seeds are printed.
@Suite("torture", .serialized)
enum Torture {}
