@_exported import AmpouleFFI
import Dispatch
import Foundation

/// Where long calls run: on threads of their own, so that none of the few that run tasks is held up.
private let long = DispatchQueue(label: "ampoule.calls", qos: .userInitiated, attributes: .concurrent)

/// Where short calls run: as urgent as the task. Where the system runs tasks on the same threads, no other has to be woken to make
/// the call, nor to go on after it.
private var short: DispatchQueue {
  switch Task.currentPriority {
  case .high: .global(qos: .userInitiated)
  case .low: .global(qos: .utility)
  case .background: .global(qos: .background)
  default: .global(qos: .default)
  }
}

/// Runs a call of the library. It cannot be ended in between, and is short. A task that was cancelled begins none.
func blocking<Value: Sendable>(_ call: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await run(on: short, call)
}

private func run<Value: Sendable>(
  on queue: DispatchQueue, _ call: @escaping @Sendable () throws -> Value
) async throws -> Value {
  try Task.checkCancellation()
  return try await withCheckedThrowingContinuation { continuation in
    queue.async { continuation.resume(with: Result(catching: call).mapError(typed)) }
  }
}

/// Runs what cannot fail, in a task that was cancelled too.
func always<Value: Sendable>(_ call: @escaping @Sendable () -> Value) async -> Value {
  let queue = short
  return await withCheckedContinuation { continuation in
    queue.async { continuation.resume(returning: call()) }
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
