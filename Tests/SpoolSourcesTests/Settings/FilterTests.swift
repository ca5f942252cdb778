import SpoolCore
import Testing

@testable import SpoolSources

@Suite("Filters in the configuration")
struct FilterTests {
    private func read(_ filters: String, _ kind: EventKind) throws -> (json: String?, problems: [String]) {
        let problems = ConfigurationProblems()
        let value = FilterParser(kind: kind, problems: problems).read(try Configured.node(filters))
        return (value?.text, problems.list.sorted().map(\.description))
    }

    @Test(
        "are sent to the API in its own types",
        arguments: [
            ("service: { eq: [11161, 20893] }", EventKind.activity, #"{"service":{"eq":[11161,20893]}}"#),
            ("service: { eq: 11161 }", .activity, #"{"service":{"eq":[11161]}}"#),
            ("activity.type: { eq: true }", .activity, #"{"activity.type":{"eq":true}}"#),
            (
                "ip.address: { startswith: [\"192.0.2.\"] }", .activity,
                #"{"ip.address":{"startswith":["192.0.2."]}}"#
            ),
            (
                "user.username: { eq: [a@example.com], isset: true }", .activity,
                #"{"user.username":{"eq":["a@example.com"],"isset":true}}"#
            ),
            ("location.country: { neq: [\"NO\"] }", .activity, #"{"location.country":{"neq":["NO"]}}"#),
            ("device.type: { eq: [DESKTOP, null] }", .activity, #"{"device.type":{"eq":["DESKTOP",null]}}"#),
            (
                "entity: { eq: [ { id: \"12345\", inst: 0, saas: 11161 } ] }", .activity,
                #"{"entity":{"eq":[{"id":"12345","inst":0,"saas":11161}]}}"#
            ),
            (
                "user.tags: { eq: [ { role: 1, adv: true }, 5f01 ] }", .activity,
                #"{"user.tags":{"eq":[{"adv":true,"role":1},"5f01"]}}"#
            ),
            ("text: { text: \"payroll \\\"x\\\"\" }", .activity, #"{"text":{"text":"payroll \"x\""}}"#),
            ("activity.id: { eq: [\"1\"] }", .activity, #"{"activity.id":{"eq":["1"]}}"#),
            ("severity: { eq: [1, 2] }", .alert, #"{"severity":{"eq":[1,2]}}"#),
            ("alertOpen: { eq: true }", .alert, #"{"alertOpen":{"eq":true}}"#),
            (
                "resolutionDate: { range: [ { start: 2026-11-01, end: 5 } ] }", .alert,
                #"{"resolutionDate":{"range":[{"end":5,"start":1793491200000}]}}"#
            ),
            (
                "resolutionDate: { gte: 2026-11-01T00:00:00Z }", .alert,
                #"{"resolutionDate":{"gte":1793491200000}}"#
            ),
            ("{}", .alert, "{}"),
        ]
    )
    func translates(filters: String, kind: EventKind, expected: String) throws {
        let (json, problems) = try read(filters, kind)
        #expect(problems == [])
        #expect(json == expected)
    }

    @Test(
        "are rejected with the field named",
        arguments: [
            ("usr: { eq: [a] }", EventKind.activity, "1:1: the API has no filter `usr` for activities"),
            ("user.usrname: { eq: [a] }", .activity, "did you mean `user.username`?"),
            ("severity: { eq: [1] }", .activity, "no filter `severity` for activities"),
            ("service: { eq: [1] }", .alert, "no filter `service` for alerts"),
            ("created: { gte: 1 }", .activity, "1:1: a filter on `created` would hide records"),
            ("date: { gte_ndays: 7 }", .alert, "1:1: a filter on `date` would hide records"),
            (
                "service: { contains: [1] }", .activity,
                "1:12: the filter `service` has no operator `contains`"
            ),
            ("service: [1]", .activity, "1:10: the filter `service` needs an operator"),
            ("service: {}", .activity, "needs an operator"),
            ("service: { eq: [office] }", .activity, "1:17: expected a whole number"),
            ("service: { eq: [] }", .activity, "1:16: the list of `service` is empty"),
            ("ip.category: { eq: [7] }", .activity, "from 0 to 6"),
            ("severity: { eq: [4] }", .alert, "from 0 to 3"),
            ("device.type: { eq: [desktop] }", .activity, "accepts one of `DESKTOP`"),
            ("activity.type: { eq: yes }", .activity, "expected `true` or `false`"),
            ("policy: { isset: 1 }", .activity, "expected `true` or `false`"),
            ("resolutionDate: { gte: never }", .alert, "expected a date"),
            ("resolutionDate: { range: [ {} ] }", .alert, "a range needs"),
            ("text", .activity, "expected filters such as"),
            ("user.username: { eq: [ { a: b } ] }", .activity, "expected a single value"),
        ]
    )
    func refuses(filters: String, kind: EventKind, expected: String) throws {
        let (_, problems) = try read(filters, kind)
        #expect(problems.count == 1)
        #expect(problems.first?.contains(expected) == true, "\(problems)")
    }
}
