// SpoolTestSupport
