// SpoolFormats
