import Foundation
import Glibc
import SpoolTestSupport
import Synchronization

/// A headless Chromium with one page, controlled through a pair of pipes by the DevTools protocol.
///
/// Source: chromedevtools.github.io/devtools-protocol; `--remote-debugging-pipe` reads file descriptor 3 and
/// writes 4, each message terminated by a NUL.
final class Browser: Sendable {
    private struct State {
        var nextCall = 0
        var waiters: [Int: CheckedContinuation<Data, any Error>] = [:]
        var complaints: [String] = []
        /// The credentials for addresses that request a name and a password, and the number of such requests.
        var credentials: (user: String, password: String)?
        var questions = 0
        var isClosed = false
    }

    private let child: Child
    private let input: Int32
    private let output: Int32
    private let session = Mutex("")
    private let state = Mutex(State())

    /// Starts a browser with an empty page; it is stopped with the site.
    static func open(at site: Site) async throws -> Browser {
        let isThere = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
            .contains { FileManager.default.isExecutableFile(atPath: "\($0)/chromium") }
        guard isThere else { throw HarnessFailure("there is no `chromium`: install the package chromium") }
        let (input, output) = (site.folder.path("to-browser"), site.folder.path("from-browser"))
        for path in [input, output] where mkfifo(path, 0o600) != 0 {
            throw HarnessFailure("cannot create a pipe at \(path)")
        }
        // Read-write, so that neither open waits for the other side.
        let descriptors = (Glibc.open(input, O_RDWR), Glibc.open(output, O_RDWR))
        let arguments = [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
            "--user-data-dir=\(site.folder.path("browser"))", "--remote-debugging-pipe", "about:blank",
        ]
        let command = "exec chromium \(arguments.joined(separator: " ")) 3<'\(input)' 4>'\(output)'"
        let child = site.start("chromium", "bash", ["-c", command])
        let browser = Browser(child, input: descriptors.0, output: descriptors.1)
        Thread.detachNewThread { browser.read() }
        try await browser.attach()
        return browser
    }

    private init(_ child: Child, input: Int32, output: Int32) {
        self.child = child
        self.input = input
        self.output = output
    }

    /// Errors and warnings in the page's console.
    var complaints: [String] { state.withLock { $0.complaints } }

    /// Stops reading; the process ends with the site.
    func close() {
        state.withLock { $0.isClosed = true }
        // Wakes the reader.
        _ = write(output, [0], 1)
    }

    /// Opens an address and returns once it is loaded.
    func show(_ url: String) async throws {
        _ = try await call("Page.navigate", #"{"url":\#(try Self.quoted(url))}"#)
        try await eventually("\(url) is loaded", state: { "\(self.child.lastLines)" }) {
            try await self.text("document.readyState + ' ' + location.href").hasPrefix("complete http")
        }
    }

    /// Provides a name and a password whenever an address requests them, instead of a user in the browser's
    /// dialog.
    func signIn(user: String, password: String) async throws {
        state.withLock { $0.credentials = (user, password) }
        _ = try await call("Fetch.enable", #"{"handleAuthRequests":true}"#)
    }

    /// How often an address has requested a name and a password.
    var questions: Int { state.withLock { $0.questions } }

    /// The value of an expression as text.
    func text(_ expression: String) async throws -> String {
        struct Answer: Decodable {
            struct Value: Decodable { let value: String? }
            struct Problem: Decodable { let text: String }
            let result: Value
            let exceptionDetails: Problem?
        }
        let wrapped = try Self.quoted("String(\(expression))")
        let data = try await call("Runtime.evaluate", #"{"expression":\#(wrapped),"returnByValue":true}"#)
        let answer = try Self.result(Answer.self, of: data)
        guard let value = answer.result.value, answer.exceptionDetails == nil else {
            throw HarnessFailure("\(expression): \(answer.exceptionDetails?.text ?? "no value")")
        }
        return value
    }

    /// An integer, with or without digit grouping.
    func number(_ expression: String) async throws -> Int {
        Int(try await text(expression).filter(\.isNumber)) ?? 0
    }

    /// Sets the size of the window, optionally as a phone.
    func resize(width: Int, height: Int, isPhone: Bool) async throws {
        let size = #""width":\#(width),"height":\#(height),"deviceScaleFactor":1,"mobile":\#(isPhone)"#
        _ = try await call("Emulation.setDeviceMetricsOverride", "{\(size)}")
    }

    /// Sets the preferred color scheme of the system.
    func prefer(_ scheme: String) async throws {
        let feature = #"{"name":"prefers-color-scheme","value":"\#(scheme)"}"#
        _ = try await call("Emulation.setEmulatedMedia", #"{"features":[\#(feature)]}"#)
    }

    private func attach() async throws {
        struct Target: Decodable { let targetId: String }
        struct Session: Decodable { let sessionId: String }
        let target = try Self.result(
            Target.self,
            of: await call("Target.createTarget", #"{"url":"about:blank"}"#)
        )
        let attached = try await call(
            "Target.attachToTarget",
            #"{"targetId":"\#(target.targetId)","flatten":true}"#
        )
        let id = try Self.result(Session.self, of: attached).sessionId
        session.withLock { $0 = id }
        for domain in ["Page", "Runtime", "Log"] { _ = try await call("\(domain).enable") }
    }

    private func call(_ method: String, _ parameters: String = "{}") async throws -> Data {
        try await within(.seconds(60), "Chromium answers \(method)\n\(child.lastLines)") { [self] in
            try await withCheckedThrowingContinuation { continuation in
                let id = state.withLock { state in
                    state.nextCall += 1
                    state.waiters[state.nextCall] = continuation
                    return state.nextCall
                }
                if !send(id, method, parameters) {
                    let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
                    waiter?.resume(throwing: HarnessFailure("cannot write to Chromium's pipe"))
                }
            }
        }
    }

    /// Returns false if the pipe does not accept the message.
    private func send(_ id: Int, _ method: String, _ parameters: String) -> Bool {
        let session = session.withLock { $0 }
        let target = session.isEmpty ? "" : #","sessionId":"\#(session)""#
        let text = #"{"id":\#(id),"method":"\#(method)","params":\#(parameters)\#(target)}"#
        let bytes = Array(text.utf8) + [0]
        return write(input, bytes, bytes.count) == bytes.count
    }

    /// Runs on a separate thread, because reading a pipe blocks.
    private func read() {
        var pending: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while !state.withLock({ $0.isClosed }) {
            let count = Glibc.read(output, &chunk, chunk.count)
            guard count > 0 else { break }
            pending += chunk[..<count]
            while let end = pending.firstIndex(of: 0) {
                take(Data(pending[..<end]))
                pending.removeSubrange(...end)
            }
        }
        Glibc.close(input)
        Glibc.close(output)
        let waiters = state.withLock { state in
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume(throwing: HarnessFailure("Chromium was closed")) }
    }

    private func take(_ message: Data) {
        struct Head: Decodable {
            let id: Int?
            let method: String?
        }
        guard let head = try? JSONDecoder().decode(Head.self, from: message) else { return }
        if let id = head.id {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(returning: message)
        } else if head.method?.hasPrefix("Fetch.") == true {
            answer(message)
        } else if let complaint = Self.complaint(head.method ?? "", message) {
            state.withLock { $0.complaints.append(complaint) }
        }
    }

    /// Continues a paused request, with credentials if they were requested.
    private func answer(_ message: Data) {
        struct Paused: Decodable {
            struct Parameters: Decodable { let requestId: String }
            let method: String
            let params: Parameters
        }
        guard let paused = try? JSONDecoder().decode(Paused.self, from: message),
            let request = try? Self.quoted(paused.params.requestId)
        else { return }
        let (id, credentials) = state.withLock { state in
            state.nextCall += 1
            if paused.method == "Fetch.authRequired" { state.questions += 1 }
            return (state.nextCall, state.credentials)
        }
        guard paused.method == "Fetch.authRequired" else {
            _ = send(id, "Fetch.continueRequest", #"{"requestId":\#(request)}"#)
            return
        }
        guard let credentials, let user = try? Self.quoted(credentials.user),
            let password = try? Self.quoted(credentials.password)
        else { return }
        let response = #"{"response":"ProvideCredentials","username":\#(user),"password":\#(password)}"#
        _ = send(
            id,
            "Fetch.continueWithAuth",
            #"{"requestId":\#(request),"authChallengeResponse":\#(response)}"#
        )
    }

    private static func complaint(_ method: String, _ message: Data) -> String? {
        struct Message: Decodable {
            struct Entry: Decodable { let level: String }
            struct Parameters: Decodable {
                let type: String?
                let entry: Entry?
            }
            let params: Parameters
        }
        guard let parameters = try? JSONDecoder().decode(Message.self, from: message).params else {
            return nil
        }
        let isComplaint =
            switch method {
            case "Runtime.exceptionThrown": true
            case "Runtime.consoleAPICalled": ["error", "warning", "assert"].contains(parameters.type)
            case "Log.entryAdded": ["error", "warning"].contains(parameters.entry?.level)
            default: false
            }
        return isComplaint ? String(decoding: message, as: UTF8.self) : nil
    }

    private static func result<Value: Decodable>(_ type: Value.Type, of message: Data) throws -> Value {
        do {
            return try JSONDecoder().decode(Result<Value>.self, from: message).result
        } catch {
            throw HarnessFailure("Chromium: \(String(decoding: message, as: UTF8.self))")
        }
    }

    private struct Result<Value: Decodable>: Decodable { let result: Value }

    private static func quoted(_ text: String) throws -> String {
        String(decoding: try JSONEncoder().encode(text), as: UTF8.self)
    }
}
