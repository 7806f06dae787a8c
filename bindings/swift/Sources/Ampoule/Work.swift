/// How far a long call is, and what it gave.
public enum Step<Value: Sendable>: Sendable {
  /// So many bytes, or versions where versions are checked, are done.
  case moved(UInt64)
  /// It is done.
  case done(Value)
}

/// A long call as a sequence: its steps, and what it gave as the last.
///
/// Iterating begins the call. When the task that iterates is cancelled, the call ends, and the iteration throws when it has.
/// When nobody iterates any more, the call ends as well, and nobody waits for that. Whoever is slow misses steps, not the last.
public struct Work<Value: Sendable>: AsyncSequence, Sendable {
  let call: @Sendable (any ProgressListener, CancelToken) throws -> Value

  /// Begins the call.
  public func makeAsyncIterator() -> Iterator { Iterator(call) }

  /// The steps of one call.
  public struct Iterator: AsyncIteratorProtocol {
    private let task: Task<Value, any Error>
    private var steps: AsyncStream<UInt64>.Iterator
    private var isOver = false

    init(_ call: @escaping @Sendable (any ProgressListener, CancelToken) throws -> Value) {
      let (stream, continuation) = AsyncStream.makeStream(of: UInt64.self, bufferingPolicy: .bufferingNewest(16))
      let task = Task {
        defer { continuation.finish() }
        return try await following { try call(Listener(continuation), $0) }
      }
      continuation.onTermination = { end in
        if case .cancelled = end { task.cancel() }
      }
      self.task = task
      steps = stream.makeAsyncIterator()
    }

    /// The next step; nothing after the last.
    public mutating func next() async throws -> Step<Value>? {
      if isOver { return nil }
      if let done = await steps.next() { return .moved(done) }
      isOver = true
      return .done(try await task.value)
    }
  }
}

private final class Listener: ProgressListener {
  private let continuation: AsyncStream<UInt64>.Continuation

  init(_ continuation: AsyncStream<UInt64>.Continuation) {
    self.continuation = continuation
  }

  func onProgress(done: UInt64) {
    continuation.yield(done)
  }
}
