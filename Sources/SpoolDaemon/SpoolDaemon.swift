// SpoolDaemon
