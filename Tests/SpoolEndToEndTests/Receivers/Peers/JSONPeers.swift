/// A record as a real receiver's JSON parser understood it.
struct SeenRecord: Decodable, Sendable {
    let host: String
    /// The name of the program.
    let tag: String
    /// `_id`; missing where the parser found no JSON.
    let id: String?
    /// `spool_cut.record_bytes` as a text; empty or missing on a whole record.
    let cut: String?

    var isCut: Bool { !(cut ?? "").isEmpty }
}

extension Rsyslog {
    /// With its stock TCP input and its JSON parser, which is told that there is no cookie before the JSON.
    static func startWithJSON(at site: Site) async throws -> Peer {
        try await start(.tcp, at: site) { listener, file in
            """
            \(listener)
            module(load="mmjsonparse")
            template(name="seen" type="list" option.jsonf="on") {
              property(outname="host" name="hostname" format="jsonf")
              property(outname="tag" name="syslogtag" format="jsonf")
              property(outname="id" name="$!_id" format="jsonf")
              property(outname="cut" name="$!spool_cut!record_bytes" format="jsonf")
            }
            action(type="mmjsonparse" cookie="")
            action(type="omfile" file="\(file)" template="seen")

            """
        }
    }
}

extension SyslogNG {
    /// With a stock TCP input and its JSON parser; what that cannot parse is dropped.
    static func startWithJSON(_ driver: Driver, at site: Site) async throws -> Peer {
        try await start(driver, .tcp, at: site) { source, file in
            """
            \(source)
            parser json { json-parser(prefix(".json.")); };
            template seen {
              template("$(format-json host=$HOST tag=$PROGRAM id=${.json._id} cut=${.json.spool_cut.record_bytes})\\n");
            };
            destination seen { file("\(file)" template(seen)); };
            log { source(siem); parser(json); destination(seen); };

            """
        }
    }
}
