import Ampoule
import Foundation
import XCTest

final class FilesTests: FolderTest {
  func testAFileGoesInByPathAndComesOutByPathByPieceAndInPart() async throws {
    try content(700_000).write(to: file("from"))
    let chart = try await vault().createChart()
    let steps = try await chart.puttingFile(photo, from: file("from")).all()
    guard case .done(let id) = steps.last else { return XCTFail("it ends with what it gave") }
    let moved = steps.compactMap { if case .moved(let done) = $0 { done } else { nil } }
    XCTAssertEqual(moved.last, 700_000)
    XCTAssertEqual(moved, moved.sorted())
    let reader = try await chart.file(id)
    XCTAssertEqual(reader.length, 700_000)
    XCTAssertEqual(reader.entry.name, "knee.jpg")
    let part = try await reader.read(at: 300_000, 10)
    XCTAssertEqual(part, content(700_000)[300_000..<300_010])
    let whole = try await reader.pieces.reduce(into: Data()) { $0.append($1) }
    XCTAssertEqual(whole, content(700_000))
    try await reader.export(to: file("to"))
    XCTAssertEqual(try Data(contentsOf: file("to")), content(700_000))
    let exported = try await reader.exporting(to: file("again")).all()
    guard case .done = exported.last else { return XCTFail("it ends") }
    XCTAssertEqual(try Data(contentsOf: file("again")), content(700_000))
    let preview = try await chart.preview(id)
    XCTAssertEqual(preview?.content, Data([1, 2]))
    try content(10).write(to: file("from"))
    try await chart.updateFile(id, photo, from: file("from"))
    let length = try await chart.file(id).length
    XCTAssertEqual(length, 10)
    await fails(Code.cannotRead) { try await chart.putFile(photo, from: self.file("absent")) }
  }

  func testAnAddressThatIsNoFilesIsRefused() async throws {
    let chart = try await vault().createChart()
    // Its path is that of a file which is there.
    try content(10).write(to: file("from"))
    let web = try XCTUnwrap(URL(string: "https://example.org\(file("from").path)"))
    await fails(Code.notAFile) { try await chart.putFile(photo, from: web) }
    await fails(Code.notAFile) { try await chart.puttingFile(photo, from: web).all() }
    await fails(Code.notAFile) { try await Store.sqlite(web) }
  }

  func testBytesArePushedFromAnyPartOfAnArray() async throws {
    let chart = try await vault().createChart()
    let writer = try await chart.createFile(photo)
    try await writer.update(content(100)[10..<30])
    try await writer.update(Data())
    try await writer.update(content(100)[99...])
    XCTAssertEqual(writer.length, 21)
    let written = try await writer.finish()
    let whole = try await chart.file(written.entry).read(at: 0, 100)
    XCTAssertEqual(whole, content(100)[10..<30] + content(100)[99...])
    await fails(82) { try await writer.update(content(1)) }
    let second = try await chart.createFile(photo, versionOf: written.entry)
    try await second.update(content(5))
    await second.discard()
    await fails(82) { try await second.finish() }
    let length = try await chart.file(written.entry).length
    XCTAssertEqual(length, 21)
  }

  func testCancellingATaskEndsTheCallAndLeavesNothing() async throws {
    try large()
    let vault = try await vault()
    let chart = try await vault.createChart()
    let from = file("from")
    // While it iterates: the loop throws when the call has ended.
    let (began, begin) = AsyncStream.makeStream(of: Void.self)
    let iterating = Task {
      for try await _ in chart.puttingFile(photo, from: from) { begin.yield() }
      return Task.isCancelled
    }
    for await _ in began { break }
    iterating.cancel()
    let ended = await iterating.result
    XCTAssertThrowsError(try ended.get()) { XCTAssertTrue($0 is CancellationError, "\($0)") }
    let after = try await chart.list().entries.count
    XCTAssertEqual(after, 0)
    // Before it begins.
    let never = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await chart.putFile(photo, from: from)
    }
    let result = await never.result
    XCTAssertThrowsError(try result.get()) { XCTAssertTrue($0 is CancellationError, "\($0)") }
    // Whoever looks at no more steps ends it, too. A lock waits for calls that are under way.
    for try await _ in chart.puttingFile(photo, from: from) { break }
    await vault.lock()
    try await vault.unlock(key(1))
    let left = try await chart.list().entries.count
    XCTAssertEqual(left, 0)
  }

  func testACheckOfEverythingEndsWithItsTask() async throws {
    try large()
    let vault = try await vault()
    try await vault.createChart().putFile(photo, from: file("from"))
    let (began, begin) = AsyncStream.makeStream(of: Void.self)
    let checking = Task {
      for try await step in vault.verifying {
        begin.yield()
        if case .done = step { return true }
      }
      return false
    }
    for await _ in began { break }
    checking.cancel()
    let ended = await checking.result
    XCTAssertThrowsError(try ended.get()) { XCTAssertTrue($0 is CancellationError, "\($0)") }
    let report = try await vault.verify()
    XCTAssertEqual(report.files, 1)
  }

  func testAListOfACancelledTaskIsNotTakenForAWholeOne() async throws {
    let chart = try await vault().createChart()
    try await chart.putAll([note("one"), note("two"), note("three")])
    let reading = Task {
      var count = 0
      for try await _ in chart.entries() {
        count += 1
        withUnsafeCurrentTask { $0?.cancel() }
      }
      return count
    }
    let result = await reading.result
    XCTAssertThrowsError(try result.get()) { XCTAssertTrue($0 is CancellationError, "\($0)") }
  }

  func testContentFollowsItsBundleInPiecesOrAsAFile() async throws {
    let pair = try await Pair()
    let chart = try await pair.clinic.createChart()
    try await chart.share(with: pair.toAna, GrantOptions(rights: .write))
    try content(300_000).write(to: file("from"))
    let ids = [try await chart.putFile(photo, from: file("from")), try await chart.putFile(photo, from: file("from"))]
    let applied = try await pair.ana.importBundle(chart.exportBundle(to: pair.toAna))
    XCTAssertEqual(applied.missingBlobs.count, 2)
    let copy = try await pair.ana.chart(applied.chart)
    await fails(Code.contentNotHere) { try await copy.file(ids[0]) }

    let (first, second) = (applied.missingBlobs[0], applied.missingBlobs[1])
    try await chart.exportContent(first, to: file("sealed"))
    await fails(Code.cannotWrite) { try await chart.exportContent(first, to: self.file("sealed")) }
    try await copy.importContent(first, from: file("sealed"))
    let source = try await chart.sealedContent(second)
    let receiver = try await copy.receiveContent(second)
    XCTAssertEqual(receiver.total, source.total)
    await fails(Code.damagedContent) { try await receiver.update(Data(count: 40_000)) }
    while receiver.offset < receiver.total {
      try await receiver.update(source.read(at: receiver.offset, 64 * 1024))
    }
    try await receiver.finish()
    await fails(82) { try await receiver.finish() }
    let missing = try await copy.missingContent
    XCTAssertTrue(missing.isEmpty)
    for id in ids {
      let whole = try await copy.file(id).pieces.reduce(into: Data()) { $0.append($1) }
      XCTAssertEqual(whole, content(300_000))
    }
  }

  /// A file that is not sealed in an instant: 256 MB, most of them a hole.
  private func large() throws {
    XCTAssertTrue(FileManager.default.createFile(atPath: file("from").path, contents: nil))
    let handle = try FileHandle(forWritingTo: file("from"))
    try handle.truncate(atOffset: 256 << 20)
    try handle.close()
  }
}
