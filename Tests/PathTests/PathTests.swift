// PathTests
