import Glibc

/// How many descriptors the process may have. Every open file of a mount takes one.
enum DescriptorLimit {
  /// Takes as many as there are to be had (`RLIMIT_NOFILE` of setrlimit(2)): the 1,024 that most
  /// systems begin with are a favour to select(2), which nothing here calls.
  static func raise() {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    // Without it fewer files can be open at once, which open(2) tells.
    unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
