import Glibc
import SystemPackage

/// Repeats a system call until no signal interrupts it; -1 becomes the `Errno` it left behind.
@discardableResult
func retrying<Result: FixedWidthInteger>(
  _ call: () -> Result
) throws(Errno) -> Result {
  while true {
    let result = call()
    if result != -1 { return result }
    let error = Errno(rawValue: errno)
    if error != .interrupted { throw error }
  }
}
