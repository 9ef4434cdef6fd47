/// One step of the schema: `v0001_foundation`, and its text.
struct Migration: Sendable {
    let version: Int32
    let name: String
    let text: String
    /// Of the text, in hexadecimal. FNV-1a of 64 bits: it tells an edit, it need not withstand an attacker, who could
    /// as well write the table.
    let checksum: String

    init(_ name: String, _ bytes: [UInt8]) {
        guard let version = Int32(name.dropFirst().prefix(4)), name.hasPrefix("v"), name.dropFirst(5).first == "_"
        else {
            preconditionFailure("a migration is named vNNNN_name")
        }
        self.version = version
        self.name = name
        text = String(decoding: bytes, as: UTF8.self)
        checksum = String(
            bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }, radix: 16)
    }
}
