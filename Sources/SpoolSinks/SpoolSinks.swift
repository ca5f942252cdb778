// SpoolSinks
