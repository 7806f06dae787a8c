import Foundation

extension NewRecord {
  /// A record whose content is a value as JSON.
  public init(
    json value: some Encodable, mediaType: String = "application/json", label: Label? = nil, name: String? = nil,
    terms: RecordTerms? = nil
  ) throws {
    let encoder = JSONEncoder()
    // One value, one text: a repeated request has the bytes of the first.
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    self.init(mediaType: mediaType, content: try encoder.encode(value), label: label, name: name, terms: terms)
  }
}

extension Entry {
  /// The content, read as JSON.
  public func decoded<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
    try JSONDecoder().decode(type, from: content)
  }
}
