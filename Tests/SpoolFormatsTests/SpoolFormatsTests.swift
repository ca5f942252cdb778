// SpoolFormatsTests
