@_exported import AmpouleFFI
import Dispatch
import Foundation

/// Whether tasks run on threads of Dispatch's global queues, of which there may be more where some wait: then a short call is made
/// on the thread of its task, as any other would be one of the same threads. On Apple's systems tasks have threads of their own, as
/// many as there are cores, and none of them is held up.
#if canImport(Darwin)
  private let tasksMayWait = false
#else
  private let tasksMayWait = true
#endif

/// Where long calls run: on threads of their own.
private let long = DispatchQueue(label: "ampoule.calls", qos: .userInitiated, attributes: .concurrent)

/// Where short calls run that are not made on the thread of their task: as urgent as it.
private var short: DispatchQueue {
  switch Task.currentPriority {
  case .high: .global(qos: .userInitiated)
  case .low: .global(qos: .utility)
  case .background: .global(qos: .background)
  default: .global(qos: .default)
  }
}

/// Runs a call of the library that is short, and cannot be ended in between. A task that was cancelled begins none.
func blocking<Value: Sendable>(_ call: @escaping @Sendable () throws -> Value) async throws -> Value {
  guard tasksMayWait else { return try await run(on: short, call) }
  try Task.checkCancellation()
  do { return try call() } catch { throw typed(error) }
}

/// Runs a call that cannot be ended in between either, and may take long: it reads all there is, stretches a passphrase, or asks a
/// person.
func lasting<Value: Sendable>(_ call: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await run(on: long, call)
}

private func run<Value: Sendable>(
  on queue: DispatchQueue, _ call: @escaping @Sendable () throws -> Value
) async throws -> Value {
  try Task.checkCancellation()
  return try await withCheckedThrowingContinuation { continuation in
    queue.async { continuation.resume(with: Result(catching: call).mapError(typed)) }
  }
}

/// Runs what cannot fail and may wait for other calls, in a task that was cancelled too.
func always<Value: Sendable>(_ call: @escaping @Sendable () -> Value) async -> Value {
  await withCheckedContinuation { continuation in
    long.async { continuation.resume(returning: call()) }
  }
}

/// Runs a long call. When the task is cancelled, the call ends at its next step, and this returns only then: nothing goes on
/// behind the caller's back.
func following<Value: Sendable>(_ call: @escaping @Sendable (CancelToken) throws -> Value) async throws -> Value {
  let token = CancelToken()
  return try await withTaskCancellationHandler {
    do {
      return try await run(on: long) { try call(token) }
    } catch VaultError.Cancelled where Task.isCancelled {
      throw CancellationError()
    }
  } onCancel: {
    token.cancel()
  }
}

extension PieceHandle {
  /// Its bytes, copied at once.
  func taken() -> Data {
    withExtendedLifetime(self) {
      UnsafeRawPointer(bitPattern: UInt(address())).map { Data(bytes: $0, count: Int(length())) } ?? Data()
    }
  }
}

/// What the border itself throws holds text that nobody looked through: it stays here.
private func typed(_ error: any Error) -> any Error {
  switch error {
  case is VaultError, is HookError, is CancellationError: error
  default: VaultError.Unexpected(reason: "the library met a fault of its own; nothing was released, report it")
  }
}
