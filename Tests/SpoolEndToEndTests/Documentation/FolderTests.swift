import Testing

/// A folder can be read without the folders that use it.
struct FolderTests {
    @Test(
        "no folders of the engine or of the server use each other",
        arguments: ["SpoolEngine", "SpoolServer"]
    )
    func targets(_ target: String) throws {
        let arrows = try FolderArrows(target: target)

        #expect(arrows.arrows.count >= 5)
        #expect(arrows.cycle.isEmpty, "\(arrows.cycle.map(\.description).joined(separator: "; "))")
    }

    @Test("a cycle over several folders is found, with the type and the file of each arrow")
    func cycle() {
        let arrows = FolderArrows(sources: [
            "A/One.swift": "package struct One { let two: Two }",
            "B/Two.swift": "final class Two {\n    func all() -> [Three] { [] }\n}",
            "C/Three.swift": "enum Three: Sendable { case one(One) }",
            "Root.swift": "struct Root { let one: One }",
        ])

        #expect(
            Set(arrows.cycle.map(\.description)) == [
                "A uses Two of B (A/One.swift)", "B uses Three of C (B/Two.swift)",
                "C uses One of A (C/Three.swift)",
            ]
        )
    }

    @Test("a file outside the folders uses them, and none of them uses it")
    func root() {
        let root = "struct Root { let one: One }"

        let without = FolderArrows(sources: ["A/One.swift": "struct One {}", "Root.swift": root])
        let with = FolderArrows(sources: [
            "A/One.swift": "struct One {}", "A/More.swift": "extension Root {}", "Root.swift": root,
        ])

        #expect(
            without.cycle.isEmpty && without.arrows.map(\.description) == [". uses One of A (Root.swift)"]
        )
        #expect(with.cycle.count == 2)
    }

    @Test("comments, private types and nested types make no arrow")
    func noUse() {
        let arrows = FolderArrows(sources: [
            "A/One.swift": "/// Like `Two`.\nstruct One {\n    struct Part {}\n}\nprivate struct Own {}",
            "B/Two.swift": "struct Two {\n    let part: Part  // of One\n    let own: Own\n}",
        ])

        #expect(arrows.arrows.isEmpty)
    }
}
