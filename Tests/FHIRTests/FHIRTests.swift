// FHIRTests
