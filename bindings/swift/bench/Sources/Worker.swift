// The work of the benchmark of the doors, in Swift. What it is asked and answers is in xtask/src/bench/doors.rs.

import Ampoule
import Foundation

/// What is pushed at once, in bytes.
private let size = 256 * 1024

@main
struct Worker {
  static func main() async throws {
    while let line = readLine() {
      let words = line.split(separator: "\t").map(String.init)
      let took =
        switch words[0] {
        case "call": try await call(Int(words[1])!)
        case "suspended": try await suspended(Int(words[1])!)
        case "record": try await record(Int(words[1])!)
        case "path": try await byPath(words[1], from: words[2], to: words[3])
        case "chunks": try await inChunks(words[1], Int(words[2])!)
        default: fatalError("no such work: \(line)")
        }
      let (seconds, attoseconds) = took.components
      // Not by `print`, which keeps what is no whole page.
      let nanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
      FileHandle.standardOutput.write(Data("took\t\(nanoseconds)\n".utf8))
    }
  }

  /// A call that looks one handle up, and gives a number.
  static func call(_ count: Int) async throws -> Duration {
    let writer = try await vault(in: .memory()).createChart().createFile(NewFile(mediaType: "a/b"))
    return ContinuousClock().measure {
      for _ in 0..<count { precondition(writer.length == 0) }
    }
  }

  /// The same as a function that suspends.
  static func suspended(_ count: Int) async throws -> Duration {
    let vault = try await vault(in: .memory())
    return await ContinuousClock().measure {
      for _ in 0..<count {
        let isLocked = await vault.isLocked
        precondition(!isLocked)
      }
    }
  }

  /// Puts a record of 2 kB and gets it, in memory.
  static func record(_ count: Int) async throws -> Duration {
    let chart = try await vault(in: .memory()).createChart()
    let content = Data(repeating: 120, count: 2000)
    return try await ContinuousClock().measure {
      for _ in 0..<count {
        let id = try await chart.put(NewRecord(mediaType: "text/plain", content: content))
        let read = try await chart.get(id)
        precondition(read.content.count == content.count)
      }
    }
  }

  /// Takes a file from a path, and writes it to another.
  static func byPath(_ folder: String, from: String, to: String) async throws -> Duration {
    let chart = try await vault(in: folder).createChart()
    return try await ContinuousClock().measure {
      let id = try await chart.putFile(NewFile(mediaType: "a/b"), from: URL(fileURLWithPath: from))
      try await chart.file(id).export(to: URL(fileURLWithPath: to))
    }
  }

  /// Pushes a file in pieces, and reads it in pieces.
  static func inChunks(_ folder: String, _ count: Int) async throws -> Duration {
    let chart = try await vault(in: folder).createChart()
    let piece = Data(repeating: 7, count: size)
    return try await ContinuousClock().measure {
      let writer = try await chart.createFile(NewFile(mediaType: "a/b"))
      for _ in 0..<count { try await writer.update(piece) }
      let written = try await writer.finish()
      var read = 0
      for try await piece in try await chart.file(written.entry).pieces { read += piece.count }
      precondition(read == count * size)
    }
  }

  static func vault(in folder: String) async throws -> Vault {
    try await vault(in: .sqlite(URL(fileURLWithPath: folder).appendingPathComponent("vault.db")))
  }

  static func vault(in store: Store) async throws -> Vault {
    var key = Data(repeating: 1, count: 32)
    let way = try Unlock.deviceKey(&key)
    return try await Vault.create(in: store, name: "Clinic", unlock: way, second: .noneDataWillBeLost).vault
  }
}
