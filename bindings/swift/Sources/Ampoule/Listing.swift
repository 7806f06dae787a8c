/// A list whose elements are fetched as they are asked for. One that cannot be had ends it with an error, as does a cancelled
/// task: a list that ends without an error is whole.
public struct Listing<Element: Sendable>: AsyncSequence, Sendable {
  let first: @Sendable () async throws -> Link<Element>?

  /// Begins at the first.
  public func makeAsyncIterator() -> Iterator { Iterator(next: first) }

  /// A place in the list.
  public struct Iterator: AsyncIteratorProtocol {
    var next: (@Sendable () async throws -> Link<Element>?)?

    /// The next element; nothing after the last.
    public mutating func next() async throws -> Element? {
      try Task.checkCancellation()
      let link = try await next?()
      next = link?.next
      return link?.element
    }
  }
}

/// An element, and how the one after it is had.
struct Link<Element: Sendable>: Sendable {
  let element: Element
  let next: @Sendable () async throws -> Link?

  /// Each made from one of `sources`, then what `rest` gives.
  static func each<Source: Sendable>(
    _ sources: ArraySlice<Source>,
    _ make: @escaping @Sendable (Source) async throws -> Element,
    then rest: @escaping @Sendable () async throws -> Link? = { nil }
  ) async throws -> Link? {
    guard let source = sources.first else { return try await rest() }
    return Link(element: try await make(source)) {
      try await each(sources.dropFirst(), make, then: rest)
    }
  }
}
