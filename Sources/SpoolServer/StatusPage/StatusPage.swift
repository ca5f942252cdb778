import Foundation
import SpoolControl

/// The page at `/`, complete when first loaded; afterwards its script fetches the parts that change.
struct StatusPage: Sendable {
    let facts: PageFacts

    var html: HTML {
        let parts = PageParts(facts: facts)
        let all = parts.all
        func part(_ id: String) -> HTML { "<div id=\"\(id)\">\(all[id] ?? .none)</div>" }
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="referrer" content="no-referrer">
            <title>\(parts.title)</title>
            <link rel="icon" href="/icon.svg" type="image/svg+xml">
            <link rel="stylesheet" href="/page.css">
            <script src="/page.js" defer></script>
            </head>
            <body>
            <a class="skip" href="#main">Skip to content</a>
            <header>
            <h1>spool</h1>
            <p><span>\(facts.host)</span> <span>\(facts.report.spool.path)</span></p>
            </header>
            <p id="stale" role="alert" hidden></p>
            <p id="said" class="hidden" role="status" aria-live="polite">\(Overview(facts).spoken)</p>
            <main id="main" tabindex="-1">
            <section aria-label="Overview">\(part("verdict"))\(part("figures"))\(part("proof"))</section>
            <section aria-labelledby="h-notifications"><h2 id="h-notifications">Notifications</h2>\
            \(part("notifications"))</section>
            <section aria-labelledby="h-day"><h2 id="h-day">The last 24 hours</h2>\(part("day"))</section>
            <section aria-labelledby="h-sinks"><h2 id="h-sinks">Sinks</h2>\(part("sinks"))</section>
            <section aria-labelledby="h-streams"><h2 id="h-streams">Streams</h2>\(part("streams"))</section>
            <section aria-labelledby="h-replays"><h2 id="h-replays">Replays</h2>\(part("replays"))</section>
            </main>
            <footer>\(part("updated"))<nav aria-label="Machine-readable"><a href="/metrics">metrics</a> \
            <a href="/status">status</a></nav><p>spool \(facts.report.version)</p></footer>
            <noscript><p>Without JavaScript the page does not update itself: reload it.</p></noscript>
            </body>
            </html>

            """
    }

    static let style = String(decoding: PackageResources.page_css, as: UTF8.self)
    static let script = String(decoding: PackageResources.page_js, as: UTF8.self)
    static let icon = String(decoding: PackageResources.icon_svg, as: UTF8.self)
}

/// The update that the page's script fetches.
struct PageUpdate: Encodable, Sendable {
    let title: String
    let said: String
    let parts: [String: String]

    init(_ facts: PageFacts) {
        let parts = PageParts(facts: facts)
        title = parts.title
        said = Overview(facts).spoken
        self.parts = parts.all.mapValues(\.text)
    }
}
