// SpoolConfig
