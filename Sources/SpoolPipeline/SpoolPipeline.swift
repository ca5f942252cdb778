// SpoolPipeline
