import Foundation
import SpoolTestSupport
import Testing

@testable import spool

@Suite("Manual pages and completions generated from the definitions of the commands")
struct ManualTests {
    @Test("every command has a page with all its options, and mandoc reports no problem")
    func pages() async throws {
        let folder = try TemporaryFolder()

        let answer = try await Child.answer(BuiltProduct.spool, ["manual", folder.path])
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        let lint = try await Child.answer("mandoc", ["-T", "lint"] + files.map(folder.path))
        let shown = try await Child.answer("mandoc", ["-T", "utf8", folder.path("spool-replay.1")])

        #expect(answer.code == 0, "\(answer)")
        // The pages are not installed yet: their references are checked below.
        let faults = (lint.output + lint.errors).split(separator: "\n").filter {
            !$0.contains("referenced manual not found: Xr spool")
        }
        #expect(faults.isEmpty)
        let commands = try CommandTree.current().command.shown
        #expect(Set(files) == Set(["spool.1"] + commands.map { "spool-\($0.commandName).1" }))
        #expect(commands.count > 12)
        for file in files {
            for reference in try folder.read(file).matches(of: /\.Xr (\S+) 1/) {
                #expect(files.contains("\(reference.1).1"), "\(file)")
            }
        }
        for command in commands {
            let page = try folder.read("spool-\(command.commandName).1")
            for option in ([command] + command.shown).flatMap(\.options) {
                for name in option.names ?? [] {
                    #expect(
                        page.contains("Fl \(name.text.dropFirst())"),
                        "\(command.commandName) \(name.text)"
                    )
                }
            }
        }
        let text = shown.output.replacing(/.\u{8}/, with: "")
        #expect(text.contains("spool replay start"))
        #expect(text.contains("--missing-only"))
    }

    @Test("bash completes commands, subcommands and options")
    func bash() async throws {
        let folder = try TemporaryFolder()
        try await write("bash", to: folder)
        let script = """
            set -u +u; source '\(folder.path("completion"))'
            try() {
                COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
                COMPREPLY=(); "$(complete -p spool | sed 's/.*-F \\([^ ]*\\) .*/\\1/')" spool \
                    "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
                echo "${COMPREPLY[@]}"
            }
            try spool rep; try spool dead req; try spool tail --set
            """

        let answer = try await Child.answer("bash", ["--norc", "-c", script])

        let words = answer.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(answer.code == 0 && words == [["replay"], ["requeue"], ["--settled"]], "\(answer)")
    }

    @Test("fish completes commands, subcommands and options")
    func fish() async throws {
        let folder = try TemporaryFolder()
        try await write("fish", to: folder)
        let script = """
            source '\(folder.path("completion"))'
            complete -C 'spool rep'; complete -C 'spool dead req'; complete -C 'spool tail --set'
            """

        let answer = try await Child.answer(
            "fish",
            ["--no-config", "-c", script],
            environment: [
                "HOME": folder.path,
                "PATH": URL(fileURLWithPath: BuiltProduct.spool).deletingLastPathComponent().path
                    + ":/usr/bin:/bin",
            ]
        )

        let words = answer.output.split(separator: "\n").compactMap { $0.split(separator: "\t").first }
        #expect(answer.code == 0 && words == ["replay", "requeue", "--settled"], "\(answer)")
    }

    @Test("zsh loads its script without errors and defines the function")
    func zsh() async throws {
        let folder = try TemporaryFolder()
        try await write("zsh", to: folder)
        let script = """
            autoload -Uz compinit && compinit -u -D &&
                source '\(folder.path("completion"))' && whence -w _spool
            print -l ${_comps[spool]:-none}
            """

        let syntax = try await Child.answer("zsh", ["-n", folder.path("completion")])
        let answer = try await Child.answer("zsh", ["-f", "-c", script], environment: ["HOME": folder.path])

        let first = try folder.read("completion").split(separator: "\n").first
        #expect(syntax.code == 0, "\(syntax)")
        #expect(answer.output.contains("_spool: function"), "\(answer)")
        #expect(first == "#compdef spool")
    }

    private func write(_ shell: String, to folder: TemporaryFolder) async throws {
        let answer = try await Child.answer(BuiltProduct.spool, ["--generate-completion-script", shell])
        #expect(answer.code == 0, "\(answer)")
        try folder.write(answer.output + "\n", to: "completion")
    }
}
