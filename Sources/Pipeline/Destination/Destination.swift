// Destination: everything that speaks HTTP outwards: notices to booking apps (Standard Webhooks) and the reading of their
// lists (FHIR search). Called by workers' jobs; it touches no table and decides nothing about retries: it says what
// became of one attempt. Bodies, URLs and answers never reach a log or an error.
