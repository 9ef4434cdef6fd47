// Pmsync
