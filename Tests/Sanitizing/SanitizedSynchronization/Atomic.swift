/// What of the standard library's `Atomic` is used here, under a lock.
public struct Atomic<Value: FixedWidthInteger & Sendable>: ~Copyable, Sendable {
  public enum Ordering: Sendable {
    case relaxed, sequentiallyConsistent
  }

  private let value: Mutex<Value>

  public init(_ initial: Value) { value = Mutex(initial) }

  public borrowing func load(ordering: Ordering) -> Value { value.withLock { $0 } }

  @discardableResult
  public borrowing func add(
    _ operand: Value, ordering: Ordering
  ) -> (oldValue: Value, newValue: Value) {
    value.withLock { value in
      let old = value
      value += operand
      return (old, value)
    }
  }

  @discardableResult
  public borrowing func subtract(
    _ operand: Value, ordering: Ordering
  ) -> (oldValue: Value, newValue: Value) {
    value.withLock { value in
      let old = value
      value -= operand
      return (old, value)
    }
  }
}
