// HL7Tests
