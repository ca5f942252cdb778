// SpoolConfigTests
