// MLLP
