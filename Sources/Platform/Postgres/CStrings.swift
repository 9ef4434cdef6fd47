import Glibc

/// Strings for C, with the null pointer that ends such a list.
@safe
final class CStrings {
    let pointers: UnsafeMutablePointer<UnsafePointer<CChar>?>
    private let count: Int

    /// As exec and posix_spawn want them.
    var mutable: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
        unsafe UnsafeMutableRawPointer(pointers).assumingMemoryBound(to: UnsafeMutablePointer<CChar>?.self)
    }

    init(_ strings: [String]) {
        count = strings.count
        unsafe pointers = .allocate(capacity: count + 1)
        for (index, string) in strings.enumerated() {
            unsafe (pointers + index).initialize(to: UnsafePointer(strdup(string)))
        }
        unsafe (pointers + count).initialize(to: nil)
    }

    deinit {
        for index in 0..<count { unsafe free(UnsafeMutablePointer(mutating: pointers[index])) }
        unsafe pointers.deallocate()
    }
}
