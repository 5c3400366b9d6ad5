import MediaFSTesting
import ObjectStorage
import Testing

@Suite struct FaultStoreTests {
  private let memory = MemoryObjectStore()
  private let store: FaultStore
  private let key = ObjectKey("a")

  init() {
    store = FaultStore(memory)
  }

  @discardableResult
  private func put(_ bytes: [UInt8]) async throws(ObjectStoreError) -> ETag {
    try await store.put(key, BytesSource(bytes), headers: ObjectHeaders(), condition: .none)
  }

  @Test func aCallFailsBeforeOrAfterItsEffect() async throws {
    store.inject(.fail(.slowDown), on: .put)
    store.inject(.loseAnswer(.connectionLost), on: .put)
    let first = await #expect(throws: ObjectStoreError.self) { try await put([1]) }
    #expect(first?.kind == .throttled)
    #expect(memory.bytes(of: key) == nil)
    let second = await #expect(throws: ObjectStoreError.self) { try await put([2]) }
    #expect(second?.code == "ConnectionLost")
    #expect(memory.bytes(of: key) == [2])
    try await put([3])
    #expect(memory.bytes(of: key) == [3])
    #expect(store.calls(.put).count == 3)
  }

  @Test func faultsAreForOneOperationAndKey() async throws {
    store.inject(.fail(.serverError), on: .put, key: ObjectKey("b"), times: 2)
    store.inject(.fail(.serverError), on: .head)
    try await put([1])
    await #expect(throws: ObjectStoreError.self) { try await store.head(key) }
    _ = try await store.head(key)
    #expect(store.calls.map(\.operation) == [.put, .head, .head])
  }

  @Test func anOutageEndsWhenItIsSaid() async throws {
    store.outage = .serverError
    await #expect(throws: ObjectStoreError.self) { try await put([1]) }
    store.outage = nil
    try await put([1])
  }

  @Test func aBodyIsCut() async throws {
    try await put([UInt8](repeating: 7, count: 200_000))
    store.inject(.cutBody(after: 100_000, .connectionLost), on: .get)
    let body = try await store.get(key, range: nil, ifMatch: nil).body
    var count = 0
    let error = await #expect(throws: ObjectStoreError.self) {
      while let chunk = try await body.next() { count += chunk.count }
    }
    #expect(count == 100_000)
    #expect(error?.code == "ConnectionLost")
  }

  @Test func aBodyWaitsAtAGate() async throws {
    try await put([UInt8](repeating: 7, count: 200_000))
    let gate = Gate()
    store.inject(.holdBody(after: 70_000, gate), on: .get)
    let body = try await store.get(key, range: nil, ifMatch: nil).body
    let first = try await body.next()
    let second = try await body.next()
    #expect([first?.count, second?.count] == [65_536, 4_464])
    let rest = Task { try await body.collect().count }
    await gate.reached()
    gate.open()
    #expect(try await rest.value == 130_000)
  }

  @Test func aCallWaitsAtAGateBeforeItsEffect() async throws {
    let gate = Gate()
    store.inject(.hold(gate), on: .put)
    let call = Task { try await put([1]) }
    await gate.reached()
    #expect(memory.bytes(of: key) == nil)
    gate.open()
    _ = try await call.value
    #expect(memory.bytes(of: key) == [1])
  }

  @Test func aHeldCallCanBeCancelled() async throws {
    let gate = Gate()
    store.inject(.holdAnswer(gate), on: .put)
    let call = Task { try await put([1]) }
    await gate.reached()
    #expect(memory.bytes(of: key) == [1])
    call.cancel()
    let error = await #expect(throws: ObjectStoreError.self) { try await call.value }
    #expect(error?.kind == .cancelled)
  }
}
