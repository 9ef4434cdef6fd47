// MLLPTests
