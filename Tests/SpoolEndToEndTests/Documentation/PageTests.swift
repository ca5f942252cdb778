import Foundation
import Testing

/// Statements in README and docs about the project are true.
struct PageTests {
    @Test("every link within the project has a target", arguments: Documentation.pages)
    func links(_ page: String) throws {
        let folder = (page as NSString).deletingLastPathComponent
        let links = Documentation.read(page).matches(of: #/\]\(([^)#:]*)(?:#([^)]*))?\)/#)

        for link in links {
            let target = link.1.isEmpty ? page : NSString.path(withComponents: [folder, String(link.1)])
            let path = Documentation.project.appendingPathComponent(target).standardized.path
            #expect(FileManager.default.fileExists(atPath: path), "\(page) links to \(target)")
            guard let anchor = link.2 else { continue }
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(anchors(of: text).contains(String(anchor)), "\(page) links to \(target)#\(anchor)")
        }
    }

    @Test("the table of targets lists the actual imports")
    func imports() throws {
        let rows = Documentation.read("docs/architecture.md")
            .matches(of: #/(?m)^\| (CMalloc|[Ss]pool\w*) \| (.*)\|$/#)
        let documented = Dictionary(uniqueKeysWithValues: rows.map { (String($0.1), words(String($0.2))) })

        let sources = Documentation.project.appendingPathComponent("Sources").path
        let rooms = try FileManager.default.contentsOfDirectory(atPath: sources)
        #expect(Set(documented.keys) == Set(rooms))
        for room in rooms {
            #expect(documented[room] == imports(of: "\(sources)/\(room)"), "\(room)")
        }
    }

    @Test("the page of notifications lists every code with severity, meaning and remedy")
    func notifications() throws {
        let rules = Documentation.read("Sources/SpoolEngine/Notifications/RuleCode.swift")
        let store = Documentation.read("Sources/SpoolStore/Retention/RetentionNotes.swift")
        let audits = Documentation.read("Sources/SpoolEngine/Audit/AuditNotes.swift")
        let recovery = Documentation.read("Sources/SpoolStore/Recovery/Spool+saveState.swift")
        let codes = Set(
            (rules + store + audits + recovery).matches(of: #/(?:case|static let) \w+ = "(.*)"/#).map {
                String($0.1)
            }
                + literalCodes()
        )

        let rows = Documentation.read("docs/notifications.md")
            .matches(of: #/(?m)^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/#)
            .filter { $0.1 != "Code" && !$0.1.hasPrefix("-") }
        #expect(codes.count >= 19)
        #expect(Set(rows.map { String($0.1) }) == codes)
        for row in rows {
            let severities = row.2.split(separator: ",").map { $0.trimmingPrefix(" ") }
            #expect(severities.allSatisfy { ["information", "warning", "error", "critical"].contains($0) })
        }
    }

    /// Codes given as literals where a notification is raised, `code: "…"`, anywhere in the program.
    private func literalCodes() -> [String] {
        let sources = Documentation.project.appendingPathComponent("Sources").path
        let files = FileManager.default.enumerator(atPath: sources)?.compactMap { $0 as? String } ?? []
        return files.filter { $0.hasSuffix(".swift") }.flatMap { file in
            let text = (try? String(contentsOfFile: "\(sources)/\(file)", encoding: .utf8)) ?? ""
            return text.matches(of: #/NewNotification\(\s*code: "([^"]+)"/#).map { String($0.1) }
        }
    }

    /// The anchors that the viewer generates from headings.
    private func anchors(of text: String) -> [String] {
        text.matches(of: #/(?m)^#+ (.*)$/#).map { heading in
            String(heading.1.lowercased().filter { $0.isLetter || $0.isNumber || " -_".contains($0) })
                .replacing(" ", with: "-")
        }
    }

    private func imports(of folder: String) -> Set<String> {
        let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return files.filter { $0.hasSuffix(".swift") }.reduce(into: []) { found, file in
            let text = (try? String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)) ?? ""
            found.formUnion(
                text.matches(of: #/(?m)^(?:package |public )?import (Spool\w+)/#).map { String($0.1) }
            )
        }
    }

    private func words(_ list: String) -> Set<String> {
        Set(list.split { $0 == "," || $0 == " " }.map(String.init))
    }
}
