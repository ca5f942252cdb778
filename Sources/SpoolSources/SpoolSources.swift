// SpoolSources
