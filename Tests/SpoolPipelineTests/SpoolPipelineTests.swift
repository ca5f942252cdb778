// SpoolPipelineTests
