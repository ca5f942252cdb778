import Foundation
import SpoolSimulator
import Testing

@Suite("Lists")
struct ListTests {
    @Test("of alerts page by skip, without scan and next filters")
    func alerts() async throws {
        let configuration = quietPortal {
            $0.history = 1250
            $0.activitiesPerAlert = 5
        }
        try await Simulator.run(configuration) { simulator async throws in
            let client = PortalClient(simulator)
            var ids: [String] = []
            var page: PortalClient.Page
            repeat {
                page = try await client.list(
                    .alerts,
                    ["skip": ids.count, "limit": 1000, "sortDirection": "asc"]
                )
                ids += page.ids
                #expect(page.ids.count <= 100 && page.next == nil)
                #expect(page.json["max"] as? Int == 100)
                #expect(page.json["moreThanTotal"] as? Bool == false)
            } while page.hasNext

            #expect(ids.count == 250)
            #expect(Set(ids) == simulator.visibleIDs(.alerts))
        }
    }

    @Test(
        "are rejected with the field's name",
        arguments: [
            ("filters", #"{"filters": 5}"#), ("nonsense", #"{"filters": {"nonsense": {"eq": [1]}}}"#),
            ("date", #"{"filters": {"date": {"lt": 5}}}"#), ("sortField", #"{"sortField": "severity"}"#),
            ("sortDirection", #"{"sortDirection": "up"}"#), ("skip", #"{"skip": 4950, "limit": 100}"#),
            ("service", #"{"filters": {"service": {"contains": ["a"]}}}"#), ("body", "no json"),
            ("created", #"{"filters": {"created": {"gte": "yesterday"}}}"#),
            ("colour", #"{"colour": "red"}"#),
        ]
    )
    func refused(field: String, body: String) async throws {
        try await Simulator.run(quietPortal()) { simulator async throws in
            let page = try await PortalClient(simulator).send("POST", "/api/v1/activities/", Array(body.utf8))

            #expect(page.status == 400)
            #expect(page.json["error"] as? Bool == true)
            #expect(page.json[field] != nil)
        }
    }

    @Test("of alerts support neither scan nor created")
    func alertRefusals() async throws {
        try await Simulator.run(quietPortal()) { simulator async throws in
            let client = PortalClient(simulator)

            #expect(try await client.list(.alerts, ["isScan": true]).status == 400)
            #expect(try await client.list(.alerts, ["filters": ["created": ["gte": 1]]]).status == 400)
            #expect(try await client.list(.alerts, ["sortField": "created"]).status == 400)
        }
    }

    @Test(
        "combine filters with and, values with or",
        arguments: [
            (["service": ["eq": [15600, 20892]]], ["appId"]),
            (["service": ["eq": 15600], "location.country": ["eq": ["DE", "NL"]]], ["appId"]),
            (["activity.eventType": ["eq": ["EVENT_CATEGORY_LOGIN"]]], ["eventTypeName"]),
            (["ip.address": ["startswith": ["192.0.2."]]], ["device"]),
            (["user.username": ["eq": ["alex@example.com"]]], ["user"]),
        ] as [([String: [String: any Sendable]], [String])]
    )
    func filters(filters: [String: [String: any Sendable]], present: [String]) async throws {
        try await Simulator.run(quietPortal { $0.history = 600 }) { simulator async throws in
            let client = PortalClient(simulator)

            let scan = try await client.list(
                .activities,
                ["filters": filters, "isScan": true, "limit": 5000]
            )
            var inverted = filters
            for (name, operators) in filters where operators["eq"] != nil {
                inverted[name] = ["neq": operators["eq"]!]
            }

            #expect(!scan.ids.isEmpty && scan.ids.count < 600)
            #expect(scan.records.allSatisfy { record in present.allSatisfy { record[$0] != nil } })
            if inverted.count == 1, filters.values.first?["eq"] != nil {
                let rest = try await client.list(
                    .activities,
                    ["filters": inverted, "isScan": true, "limit": 5000]
                )
                #expect(scan.ids.count + rest.ids.count == 600)
            }
        }
    }

    @Test("include both ends of ranges, and count days from the portal's current time")
    func timeBounds() async throws {
        try await Simulator.run(quietPortal()) { simulator async throws in
            let client = PortalClient(simulator)
            let day: Int64 = 86_400_000
            let records = (0..<5).map { SimulatedRecord(id: "d\($0)", created: someTime - Int64($0) * day) }
            simulator.insert(records, into: .activities)
            func ids(_ filter: [String: Any]) async throws -> Set<String> {
                Set(try await client.list(.activities, ["filters": filter]).ids)
            }

            #expect(try await ids(["created": ["gt": someTime - day]]) == ["d0"])
            #expect(try await ids(["created": ["gte": someTime - day, "lt": someTime]]) == ["d1"])
            #expect(try await ids(["created": ["eq": [someTime - day, someTime]]]) == ["d0", "d1"])
            let range = [["start": someTime - 2 * day, "end": someTime - day]]
            #expect(try await ids(["date": ["range": range]]) == ["d1", "d2"])
            #expect(try await ids(["date": ["gte_ndays": 1]]) == ["d0", "d1"])
            #expect(try await ids(["date": ["lte_ndays": 3]]) == ["d3", "d4"])
        }
    }

    @Test("accept GET with filters in the query, whose limit is ignored")
    func getList() async throws {
        try await Simulator.run(quietPortal { $0.history = 300 }) { simulator async throws in
            let filters = #"{"service":{"neq":[1]}}"#.addingPercentEncoding(
                withAllowedCharacters: .alphanumerics
            )!

            let page = try await PortalClient(simulator)
                .send("GET", "/cas/api/v1/activities?filters=\(filters)&limit=7&sortDirection=asc")

            #expect(page.status == 200)
            #expect(page.ids.count == 100)
        }
    }

    @Test("return one record by its id, of any form")
    func fetchOne() async throws {
        try await Simulator.run(quietPortal { $0.history = 500 }) { simulator async throws in
            let client = PortalClient(simulator)
            let activities = simulator.truth(.activities).compactMap(\.id)
            let forms = Dictionary(grouping: activities, by: \.count).values.map { $0[0] }

            for id in forms {
                let record = try await client.send("GET", "/api/v1/activities/\(id)/")
                #expect(record.json["_id"] as? String == id)
                #expect(record.bytes == simulator.raw(id: id, in: .activities))
            }
            let alert = try #require(simulator.truth(.alerts).first?.id)
            #expect(try await client.send("GET", "/api/v1/alerts/\(alert)/").json["_id"] as? String == alert)
            #expect(try await client.send("GET", "/api/v1/activities/unknown/").status == 404)
            #expect(forms.count >= 5)
        }
    }

    @Test("hide records older than the retention, or silently those older than 30 days")
    func retention() async throws {
        try await Simulator.run(quietPortal()) { simulator async throws in
            let client = PortalClient(simulator)
            let day: Int64 = 86_400_000
            for age in [1, 29, 31, 179, 181] as [Int64] {
                simulator.insert(
                    SimulatedRecord(id: "\(age)", created: someTime - age * day),
                    into: .activities
                )
            }

            #expect(Set(try await client.list(.activities).ids) == ["1", "29", "31", "179"])
            simulator.setOldWindows(.silentlyEmpty)
            #expect(Set(try await client.list(.activities).ids) == ["1", "29"])
            simulator.setOldWindows(.limitedToAWeek)
            let wide: [String: Any] = ["filters": ["date": ["gte": someTime - 40 * day]]]
            let week: [String: Any] = [
                "filters": ["date": ["gte": someTime - 33 * day, "lte": someTime - 28 * day]]
            ]
            #expect(try await client.list(.activities, wide).status == 400)
            #expect(Set(try await client.list(.activities, week).ids) == ["29", "31"])
        }
    }
}
