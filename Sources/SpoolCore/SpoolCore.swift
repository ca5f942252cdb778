// SpoolCore
