import SpoolReceiver
import SpoolSimulator
import SpoolTestSupport
import Subprocess
import Testing

@Suite("the status page in a browser", .daemons)
struct StatusPageTests {
    @Test("shows, without a reload, how a backlog grows while the SIEM is down and how it drains")
    func outage() async throws {
        try await Site.run(.busy(history: 200, rate: 40)) { site in
            let port = try Ports.free()
            let receiver = try await site.receiver()
            try site.configure {
                $0.status = "{ listen: 127.0.0.1:\(port) }"
                $0.sinks = [.init("siem", port: receiver.port)]
            }
            let daemon = try await site.daemon()
            let browser = try await Browser.open(at: site)
            defer { browser.close() }

            try await browser.show("http://127.0.0.1:\(port)/")
            let before = try await browser.text("document.querySelector('h1').textContent")
            // A reload would discard this mark.
            _ = try await browser.text("window.mark = 'the same page'")
            await receiver.stop()
            try await eventually(
                "the page shows a backlog and why",
                state: { try await browser.text(Self.main) }
            ) {
                let waiting = try await browser.number(Self.waiting)
                let headline = try await browser.text(Self.headline)
                return waiting > 50 && headline == "siem receives no events."
            }
            let first = try await browser.number(Self.waiting)
            try await eventually("the backlog on the page grows") {
                try await browser.number(Self.waiting) > first + 50
            }
            let said = try await browser.text("document.getElementById('said').textContent")
            let title = try await browser.text("document.title")
            try await receiver.listenAgain()
            site.simulator.setRate(activitiesPerSecond: 0)
            try await eventually(
                "the page shows that all is forwarded",
                state: { try await browser.text(Self.main) }
            ) {
                let headline = try await browser.text(Self.headline)
                return try await browser.number(Self.waiting) == 0 && headline == "Everything is forwarded."
            }

            #expect(before == "spool")
            #expect(said == "siem receives no events.")
            #expect(title.hasPrefix("spool: problems, "))
            #expect(try await browser.text("window.mark") == "the same page")
            #expect(browser.complaints == [])
            #expect(try await daemon.terminate() == .exited(0))
        }
    }

    @Test("shows that it is outdated when the daemon is gone, and recovers when it is back")
    func gone() async throws {
        try await Site.run(.busy(history: 20)) { site in
            let port = try Ports.free()
            let receiver = try await site.receiver()
            try site.configure {
                $0.status = "{ listen: 127.0.0.1:\(port) }"
                $0.sinks = [.init("siem", port: receiver.port)]
            }
            let daemon = try await site.daemon()
            let browser = try await Browser.open(at: site)
            defer { browser.close() }
            try await browser.show("http://127.0.0.1:\(port)/")

            try await daemon.terminate()
            try await eventually("the page shows it") {
                try await browser.text("document.getElementById('stale').hidden") == "false"
            }
            let text = try await browser.text("document.getElementById('stale').textContent")
            let title = try await browser.text("document.title")
            let headline = try await browser.text(Self.headline)
            let look = try await browser.text("document.querySelector('.verdict').className")
            _ = try await site.daemon()
            try await eventually("the page is up to date again") {
                try await browser.text("document.getElementById('stale').hidden") == "true"
            }

            #expect(text.contains(#/^spool does not answer: .* the state at \d{4}-\d\d-\d\d /#))
            #expect(title == "spool: does not answer")
            #expect(headline == "spool does not answer.")
            #expect(look == "verdict trouble")
            #expect(try await browser.text("document.title").hasPrefix("spool: does not") == false)
            #expect(try await browser.text(Self.headline) == "Everything is forwarded.")
        }
    }

    @Test("fits a phone, follows the dark scheme, and is accessible to screen readers")
    func everywhere() async throws {
        try await Site.run(.busy(history: 100)) { site in
            let port = try Ports.free()
            let receiver = try await site.receiver()
            try site.configure {
                $0.status = "{ listen: 127.0.0.1:\(port) }"
                $0.sinks = [.init("siem", port: receiver.port)]
            }
            _ = try await site.daemon()
            try await site.fetchAll()
            try await site.drain("siem")
            let replay = try await site.spool("replay", "--from", "4d", "--to", "0s", "--yes", "--wait")
            let browser = try await Browser.open(at: site)
            defer { browser.close() }
            try await browser.show("http://127.0.0.1:\(port)/")

            var widths: [Int: Int] = [:]
            for width in [320, 390, 800, 1_280] {
                try await browser.resize(width: width, height: 800, isPhone: width < 500)
                widths[width] = try await browser.number("document.documentElement.scrollWidth")
            }
            var brightness: [String: Int] = [:]
            var contrast: [String: Int] = [:]
            for scheme in ["light", "dark"] {
                try await browser.prefer(scheme)
                brightness[scheme] = try await browser.number(Self.brightness)
                contrast[scheme] = try await browser.number(Self.leastContrast)
            }
            let faults = try await browser.text(Self.faults)

            #expect(replay.code == 0, "\(replay)")
            for (width, needed) in widths { #expect(needed <= width, "\(width) px") }
            #expect(brightness["light"] ?? 0 > 80 && brightness["dark"] ?? 100 < 20, "\(brightness)")
            // In hundredths; WCAG 2.2, 1.4.3 requires 4.5.
            #expect(contrast.values.allSatisfy { $0 >= 450 }, "\(contrast)")
            #expect(faults == "")
            #expect(browser.complaints == [])
        }
    }

    private static let main = "document.querySelector('main').innerText"
    private static let waiting = "document.getElementById('waiting-siem').textContent"
    private static let headline = "document.querySelector('.headline').textContent"

    private static let luminance = """
        const luminance = (color) => {
          const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map(Number).map((c) => c / 255)
            .map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        """

    /// The luminance of the page's background, in hundredths.
    private static let brightness = """
        (() => {
          \(luminance)
          return Math.round(100 * luminance(getComputedStyle(document.body).backgroundColor));
        })()
        """

    /// The lowest contrast between a text and its background, in hundredths.
    private static let leastContrast = """
        (() => {
          \(luminance)
          const ground = (node) => {
            for (; node; node = node.parentElement) {
              const color = getComputedStyle(node).backgroundColor;
              if (!/, 0\\)$/.test(color) && color !== "transparent") return color;
            }
          };
          const least = [...document.querySelectorAll("body *")]
            .filter((node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()))
            .filter((node) => !node.closest("svg, noscript, .hidden, [hidden], [aria-hidden]"))
            .map((node) => {
              const [a, b] = [luminance(getComputedStyle(node).color), luminance(ground(node))];
              return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            });
          return Math.round(100 * Math.min(...least));
        })()
        """

    /// What is missing for screen readers or keyboards, as text; empty if nothing is.
    private static let faults = """
        (() => {
          const faults = [];
          const need = (holds, what) => { if (!holds) faults.push(what); };
          const all = (selector) => [...document.querySelectorAll(selector)];
          need(document.documentElement.lang === "en", "no language");
          for (const mark of ["header", "main", "footer", "nav", "h1"]) {
            need(all(mark).length === 1, "not exactly one " + mark);
          }
          for (const section of all("section")) {
            const label = section.getAttribute("aria-labelledby");
            need(section.ariaLabel || document.getElementById(label), "a section without a name");
          }
          need(all("table").length >= 4, "too few tables");
          for (const table of all("table")) {
            need(table.caption?.textContent, "a table without a caption");
            need(table.querySelectorAll("thead th[scope=col]").length > 1, "a table without header cells");
            for (const row of table.querySelectorAll("tbody tr")) {
              need(row.querySelector("th[scope=row]"), "a row without a header cell");
            }
          }
          for (const image of all("svg:not([aria-hidden]):not(svg svg)")) {
            const ids = (image.getAttribute("aria-labelledby") || "").split(" ");
            const names = ids.map((id) => document.getElementById(id));
            const isNamed = names.length && names.every((name) => name?.textContent);
            need(image.getAttribute("role") === "img" && isNamed, "an image without a description");
          }
          for (const bar of all("progress")) need(bar.ariaLabel, "a bar without a name");
          need(all("progress").length === 1, "no replay");
          for (const state of all(".state")) {
            need(state.textContent.trim().length > 3, "a state without text");
          }
          need(document.querySelector("[role=status][aria-live=polite]"), "no live region");
          const ids = all("[id]").map((node) => node.id);
          need(new Set(ids).size === ids.length, "a duplicate id");
          need(all("body a, summary")[0]?.classList.contains("skip"), "no skip link");
          return faults.join("; ");
        })()
        """
}
