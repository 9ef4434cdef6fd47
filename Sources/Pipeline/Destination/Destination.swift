// Destination
