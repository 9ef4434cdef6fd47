import Foundation
import HL7

/// The repository's root, found from this file.
let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// One of the authored messages beside these tests.
func authored(_ name: String) throws -> [UInt8] {
    let file = root.appending(path: "Tests/HL7Tests/Cases/\(name).hl7")
    return Array(try Data(contentsOf: file))
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// `SplitMix64`, so that a failure's seed gives the same message again.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

let time = DTM(epochSeconds: 1_773_480_615)
