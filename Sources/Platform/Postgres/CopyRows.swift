/// Rows for `COPY ... FROM STDIN (FORMAT binary)`, packed as they are added. A batch is sent whole; send one when it has
/// grown to a megabyte or so, and start another, and memory does not grow with what is copied.
package struct CopyRows: Sendable {
    private(set) var bytes: [UInt8] = []
    package private(set) var count = 0

    /// In bytes.
    package var size: Int { bytes.count }

    package init() {
        bytes += [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00]  // "PGCOPY\n\377\r\n\0"
        bytes.append(integer: Int32(0))  // no flags
        bytes.append(integer: Int32(0))  // no extension
    }

    /// One row, in the order of the columns that the COPY names; of exactly their types, for a binary COPY converts none.
    package mutating func append<each Value: PostgresValue>(_ values: repeat each Value) {
        let start = bytes.count
        bytes.append(integer: Int16(0))
        var columns: Int16 = 0
        for value in repeat each values {
            append(value)
            columns += 1
        }
        bytes[start] = UInt8(truncatingIfNeeded: columns >> 8)
        bytes[start + 1] = UInt8(truncatingIfNeeded: columns)
        count += 1
    }

    /// What is sent: the rows and the mark of their end.
    var stream: [UInt8] { bytes + [0xFF, 0xFF] }

    private mutating func append<Value: PostgresValue>(_ value: Value) {
        let start = bytes.count
        bytes.append(integer: Int32(-1))
        guard value.encode(into: &bytes) else {
            bytes.removeSubrange((start + 4)...)
            return
        }
        let length = Int32(bytes.count - start - 4)
        for index in 0..<4 { bytes[start + index] = UInt8(truncatingIfNeeded: length >> (24 - 8 * Int32(index))) }
    }
}
