import Foundation

/// The library that is preloaded into the binary: it records operations on files, or makes them fail.
///
/// `Tests/SpoolFaults/include/SpoolFaults.h` describes it.
enum FaultLibrary {
    /// SwiftPM builds it beside the test bundle.
    static var path: String { BuildFolder.path + "/libspoolfaults.so" }

    static var isBuilt: Bool { FileManager.default.fileExists(atPath: path) }

    /// The environment of a process whose operations below `folder` are recorded.
    static func record(_ folder: String, to file: String) -> [String: String] {
        ["LD_PRELOAD": path, "SPOOLFAULTS_FOLDER": folder, "SPOOLFAULTS_RECORD": file]
    }

    /// The environment of a process with this fault in files whose names contain `files`; `state` keeps the
    /// counts across restarts.
    static func inject(_ rule: FaultInjection, in folder: String, files: String, state: String)
        -> [String: String]
    {
        [
            "LD_PRELOAD": path, "SPOOLFAULTS_FOLDER": folder, "SPOOLFAULTS_FILES": files,
            "SPOOLFAULTS_STATE": state, "SPOOLFAULTS_INJECT": rule.description,
        ]
    }
}

/// One rule for calls that fail.
struct FaultInjection: Sendable, CustomStringConvertible {
    enum Class: String, CaseIterable, Sendable { case write, read, sync, truncate, open, allocate, name }

    enum Fault: String, Sendable { case EIO, ENOSPC, EDQUOT, short, delay }

    var target: Class
    var fault: Fault
    /// The number of the first call, from 1.
    var first: Int
    /// How many calls; 0 for all.
    var count: Int
    /// When the fault ends at the latest, in milliseconds; the length of a delay.
    var milliseconds: Int?

    var description: String {
        "\(target):\(fault):\(first):\(count)" + (milliseconds.map { ":\($0)" } ?? "")
    }
}

/// The library's counts.
struct FaultState: Sendable {
    /// Calls of each class.
    let calls: [FaultInjection.Class: Int]
    /// Calls that were made to fail, to write less or to wait.
    let affected: Int

    /// The counts in the file; all 0 if there is none.
    init(_ file: String) {
        let bytes = (try? Data(contentsOf: URL(fileURLWithPath: file))) ?? Data()
        func number(_ index: Int) -> Int {
            guard bytes.count >= (index + 1) * 8 else { return 0 }
            return bytes.withUnsafeBytes {
                Int($0.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
            }
        }
        let classes = FaultInjection.Class.allCases
        calls = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, number($0)) })
        affected = number(classes.count)
    }
}
