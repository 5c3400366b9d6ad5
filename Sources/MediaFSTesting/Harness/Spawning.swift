import Glibc

/// Starts a program as posix_spawn(3) does, with just the three standard descriptors.
///
/// - Parameters:
///   - command: the program, looked up in `PATH`, and its arguments.
///   - environment: all of it; nothing is inherited.
func spawn(
  _ command: [String], environment: [String: String], input: CInt, output: CInt, errors: CInt
) throws -> pid_t {
  guard let program = command.first else { throw HarnessError("no program to run") }
  var actions = unsafe posix_spawn_file_actions_t()
  unsafe posix_spawn_file_actions_init(&actions)
  defer { unsafe posix_spawn_file_actions_destroy(&actions) }
  for (target, source) in [input, output, errors].enumerated() {
    unsafe posix_spawn_file_actions_adddup2(&actions, source, CInt(target))
  }

  // The test runner may have signals blocked or ignored; children get the defaults.
  var attributes = posix_spawnattr_t()
  unsafe posix_spawnattr_init(&attributes)
  defer { unsafe posix_spawnattr_destroy(&attributes) }
  var none = sigset_t()
  var all = sigset_t()
  unsafe sigemptyset(&none)
  unsafe sigfillset(&all)
  unsafe posix_spawnattr_setsigmask(&attributes, &none)
  unsafe posix_spawnattr_setsigdefault(&attributes, &all)
  unsafe posix_spawnattr_setflags(
    &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

  let variables = environment.map { "\($0.key)=\($0.value)" }
  var pid: pid_t = 0
  let status = unsafe withCStrings(command) { arguments in
    unsafe withCStrings(variables) { variables in
      unsafe posix_spawnp(&pid, program, &actions, &attributes, arguments, variables)
    }
  }
  guard status == 0 else { throw HarnessError("cannot run \(program): errno \(status)") }
  return pid
}

/// Lends `strings` as C's null-terminated array of pointers.
private func withCStrings<Result>(
  _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  var pointers = unsafe strings.map { unsafe strdup($0) }
  defer { unsafe pointers.forEach { unsafe free($0) } }
  unsafe pointers.append(nil)
  return unsafe pointers.withUnsafeBufferPointer { buffer in
    guard let base = buffer.baseAddress else { preconditionFailure("holds nil at least") }
    return unsafe body(base)
  }
}
