import MediaFSEngine
package import ObjectStorage
import Synchronization

/// What the way to a store does to calls: they take time, and some fail or lose their answers.
package struct NetworkWeather: Sendable {
  /// How many of a thousand calls fail without effect.
  package var failures = 0
  /// How many of a thousand calls have their effect and lose the answer.
  package var lostAnswers = 0
  /// No call arrives.
  package var isDown = false

  package init() {}
}

/// A store in memory behind a simulated network, for all lives of one host, one after the other.
package final class SimulatedNetwork: Sendable {
  package let store: MemoryObjectStore
  /// What the store does with conditions on writes.
  let conditions: ConditionSupport
  /// Whether the store looks at the condition of a delete. Few do.
  let checksDeletes: Bool
  /// Listings come in pages of at most so many entries.
  let pageSize: Int
  let simulation: Simulation
  /// What is passed on of an error; for tests that have it misunderstood.
  let told: @Sendable (ObjectStoreError) -> ObjectStoreError
  /// What is sent of a condition; for tests that have it forgotten.
  let asked: @Sendable (ObjectKey, WriteCondition) -> WriteCondition
  private let state = Mutex(State())

  private struct State {
    var weather = NetworkWeather()
    var failures = 0
    var keys: Set<ObjectKey> = []
    /// When an object was stored, and when who looked at a key.
    var stored: [ObjectKey: Timestamp] = [:]
    var looks: [Look: [Timestamp]] = [:]
    /// What a listing under way has told so far, by its prefix; and what whole ones have told.
    var listings: [Look: [ListedObject]] = [:]
    var told: [Look: [(time: Timestamp, size: Int64)]] = [:]
    var deletions: [Deletion] = []
  }

  /// An object that was deleted without a condition.
  package struct Deletion: Sendable {
    package var key: ObjectKey
    /// It tells which one it was.
    package var size: Int
    package var time: Timestamp
    /// When who deleted it had looked for the last time before it was stored.
    package var lookedBefore: Timestamp?
  }

  private struct Look: Hashable {
    var key: ObjectKey
    var host: String
  }

  package init(
    _ store: MemoryObjectStore, _ simulation: Simulation, conditions: ConditionSupport,
    checksDeletes: Bool = true, pageSize: Int,
    told: @escaping @Sendable (ObjectStoreError) -> ObjectStoreError = { $0 },
    asked: @escaping @Sendable (ObjectKey, WriteCondition) -> WriteCondition = { $1 }
  ) {
    self.store = store
    self.told = told
    self.asked = asked
    self.checksDeletes = checksDeletes
    self.simulation = simulation
    self.conditions = conditions
    self.pageSize = pageSize
  }

  package var weather: NetworkWeather {
    get { state.withLock { $0.weather } }
    set { state.withLock { $0.weather = newValue } }
  }

  /// Calls that have failed so far, or whose answers were lost.
  package var failures: Int { state.withLock { $0.failures } }

  /// Every key and prefix that was ever named in a call.
  package var keys: Set<ObjectKey> { state.withLock { $0.keys } }

  /// Whether what a dead process has sent can still arrive. Where a store checks no conditions
  /// nothing protects what the next process has written from it, whatever that does.
  var takesLateRequests: Bool {
    switch conditions {
    case .checked, .ignoredOnCopies: true
    case .ignored, .refused: false
    }
  }

  package var deletions: [Deletion] { state.withLock { $0.deletions } }

  package func noteStored(_ key: ObjectKey) {
    let now = simulation.now
    state.withLock { $0.stored[key] = now }
  }

  /// A process has heard, or has decided itself, what is at a key.
  func noteLook(at key: ObjectKey, in life: Life) {
    let now = simulation.now
    state.withLock { $0.looks[Look(key: key, host: life.host), default: []].append(now) }
  }

  /// A page has come. What is listed is known when the last one has.
  func notePage(_ page: ListPage, of request: ListRequest, in life: Life) {
    let now = simulation.now
    let listing = Look(key: ObjectKey(request.prefix), host: life.host)
    state.withLock { state in
      if request.continuation == nil { state.listings[listing] = [] }
      state.listings[listing, default: []] += page.objects
      guard page.continuation == nil else { return }
      for object in state.listings.removeValue(forKey: listing) ?? [] {
        let look = Look(key: object.key, host: life.host)
        state.told[look, default: []].append((time: now, size: object.size))
      }
    }
  }

  /// The sizes of the objects that listings told a host of.
  package func listed(_ key: ObjectKey, by host: String, since time: Timestamp) -> [Int64] {
    state.withLock { state in
      (state.told[Look(key: key, host: host)] ?? []).filter { $0.time >= time }.map(\.size)
    }
  }

  func noteDeletion(of key: ObjectKey, in life: Life) {
    guard let size = store.bytes(of: key)?.count else { return }
    let now = simulation.now
    state.withLock { state in
      let stored = state.stored[key] ?? now
      let looks = state.looks[Look(key: key, host: life.host)] ?? []
      let last = looks.last { $0 < stored }
      state.deletions.append(Deletion(key: key, size: size, time: now, lookedBefore: last))
    }
  }

  func note(_ key: ObjectKey) {
    _ = state.withLock { $0.keys.insert(key) }
  }

  /// Whether this call fails; of so many in a thousand.
  func fails(_ share: (NetworkWeather) -> Int) -> Bool {
    let weather = weather
    let isFailure = weather.isDown || simulation.random(in: 1...1_000) <= share(weather)
    if isFailure { state.withLock { $0.failures += 1 } }
    return isFailure
  }
}
