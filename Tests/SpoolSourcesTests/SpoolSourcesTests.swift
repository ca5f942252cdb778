// SpoolSourcesTests
