// PmsyncTests
