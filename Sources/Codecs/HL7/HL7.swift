// HL7 owns version 2 messages as bytes: reading a message, a file or a batch, naming a place in it, answering it, and
// writing one. A message is its bytes and one flat table of offsets; text is decoded when it is asked for, once, in the
// character set that MSH-18 or the feed names. Everybody who reads or writes HL7 calls it. It does no I/O, reads no
// clock, knows no practice's codes, and never puts a value into an error.
