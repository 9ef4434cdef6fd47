// DestinationTests
