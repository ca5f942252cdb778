/// The invented people, places and objects of the simulated tenant.
///
/// Domains and addresses are those reserved for documentation (RFC 2606, RFC 5737, RFC 3849).
enum Vocabulary {
    struct App {
        var id: Int64
        var name: String
    }

    struct Person {
        var name: String
        var account: String
    }

    struct Place {
        var country: String
        var city: String
        var provider: String
    }

    static let tenantNumber = "99000001"
    static let entraTenant = "11111111-2222-4333-8444-555555555555"

    static let oneDrive = App(id: 15600, name: "Microsoft OneDrive for Business")
    static let sharePoint = App(id: 20892, name: "Microsoft SharePoint Online")
    static let exchange = App(id: 20893, name: "Microsoft Exchange Online")
    static let office = App(id: 11161, name: "Office 365")
    static let azure = App(id: 12260, name: "Microsoft Azure")
    static let serviceNow = App(id: 14509, name: "ServiceNow")
    static let directory = App(id: 20940, name: "Active Directory")
    static let powerBI = App(id: 26324, name: "Microsoft Power BI")
    static let google = App(id: 11770, name: "Google Workspace")

    static let people = [
        Person(name: "Alex Example", account: "alex@example.com"),
        Person(name: "Sam Sample", account: "sam@example.com"),
        Person(name: "Zoë Müller-Łukasz", account: "zoe.mueller@example.org"),
        Person(name: "山田 太郎", account: "yamada@example.net"),
        Person(name: "أحمد مثال", account: "ahmad@example.org"),
        Person(name: "O'Neil | Ops = Team \\ West", account: "ops=west|o'neil@example.com"),
        Person(name: "Guest", account: "guest_example.net#ext#@example.com"),
        Person(name: "Robot 🤖", account: "robot@example.com"),
    ]

    static let places = [
        Place(country: "NL", city: "amsterdam", provider: "example networks"),
        Place(country: "IL", city: "Tel Aviv", provider: "Example ISP"),
        Place(country: "DE", city: "Köln", provider: "Beispiel Netz GmbH"),
        Place(country: "US", city: "seattle", provider: "example cloud"),
        Place(country: "JP", city: "東京", provider: "example%20telecom%20k.k."),
        Place(country: "BR", city: "São Paulo", provider: "exemplo telecom"),
    ]

    static let userAgents = [
        "OneDriveMpc-Transform_Thumbnail/1.0",
        ";Windows 10;Chrome 91.0;",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 "
            + "Safari/537.36",
        "Client=OutlookService;Outlook-iOS/2.0=mobile|v4",
        "",
    ]

    static let files = [
        "report.docx", "passwords.txt", "Übersicht 2026 (final).xlsx", "a=b|c\\d.txt", "見積書.pdf",
        "line one\nline two.txt", "tab\tand \"quotes\".csv", "naïve–café.pptx",
    ]

    static let fileOperations = [
        ("FilePreviewed", "EVENT_CATEGORY_UNSPECIFIED"), ("FileDownloaded", "EVENT_CATEGORY_DOWNLOAD_FILE"),
        ("FileUploaded", "EVENT_CATEGORY_UPLOAD_FILE"), ("FileDeleted", "EVENT_CATEGORY_DELETE_FILE"),
        ("SharingSet", "EVENT_CATEGORY_SHARE_FILE"),
    ]

    static let alertKinds: [(title: String, type: Int64, policy: String)] = [
        ("block png files", 15_728_642, "FILE"),
        ("Impossible travel activity", 15_859_716, "ANOMALY_DETECTION"),
        ("Risky sign-in: Unfamiliar sign-in properties", 15_795_457, "ANOMALY_DETECTION"),
        ("Unusual administrative activity (by user)", 15_859_721, "ANOMALY_DETECTION"),
        ("Honeytoken activity", 15_795_464, "ANOMALY_DETECTION"),
        ("Mass download = 100 | by a single user \\ hour", 15_728_641, "AUDIT"),
        ("Anmeldung aus neuem Land: Österreich", 196_608, "ANOMALY_DETECTION"),
    ]
}
