@_exported import AmpouleFFI
import Dispatch
import Foundation

/// Where calls block: on threads of their own, so that none of the few that run tasks is held up.
private let calls = DispatchQueue(label: "ampoule.calls", qos: .userInitiated, attributes: .concurrent)

/// Runs a call of the library. It cannot be ended in between, and is short. A task that was cancelled begins none.
func blocking<Value: Sendable>(_ call: @escaping @Sendable () throws -> Value) async throws -> Value {
  try Task.checkCancellation()
  return try await withCheckedThrowingContinuation { continuation in
    calls.async { continuation.resume(with: Result(catching: call).mapError(typed)) }
  }
}

/// Runs what cannot fail, in a task that was cancelled too.
func always<Value: Sendable>(_ call: @escaping @Sendable () -> Value) async -> Value {
  await withCheckedContinuation { continuation in
    calls.async { continuation.resume(returning: call()) }
  }
}

/// Runs a long call. When the task is cancelled, the call ends at its next step, and this returns only then: nothing goes on
/// behind the caller's back.
func following<Value: Sendable>(_ call: @escaping @Sendable (CancelToken) throws -> Value) async throws -> Value {
  let token = CancelToken()
  return try await withTaskCancellationHandler {
    do {
      return try await blocking { try call(token) }
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
