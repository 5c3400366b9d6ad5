import CLinux
import Glibc

/// Whether the memory of this process may be looked at.
package enum CoreDumps {
  /// PR_SET_DUMPABLE of sys/prctl.h.
  private static let setDumpable: CInt = 4

  /// No core file is written of this process, and other processes of its user cannot read its
  /// memory or its environment in `/proc` (prctl(2), `PR_SET_DUMPABLE`): both hold credentials. A
  /// limit alone is not enough: a `core_pattern` that is a program gets the core all the same.
  package static func disable() {
    // Neither can fail with these arguments.
    _ = CLinux.prctl(setDumpable, 0, 0, 0, 0)
    var limit = rlimit(rlim_cur: 0, rlim_max: 0)
    unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
  }
}
