import Ampoule
import XCTest

final class NoticeTests: XCTestCase {
  /// A clinic and Ana, with a thread that both have, and Ana's keys for previews.
  private struct Said {
    let pair: Pair
    let chart: Chart
    let thread: MessageThread
    let keys: Data
  }

  private func said() async throws -> Said {
    let pair = try await Pair()
    let chart = try await pair.clinic.createChart()
    try await chart.share(with: pair.toAna, GrantOptions(rights: .write))
    let thread = try await chart.startThread("Knee pain", label: "general")
    let applied = try await pair.ana.importBundle(chart.exportBundle(to: pair.toAna))
    let copy = try await pair.ana.chart(applied.chart).thread(thread.id)
    let keys = try await pair.ana.previewKeys(of: [copy], deviceKey: key(77))
    return Said(pair: pair, chart: chart, thread: thread, keys: keys)
  }

  func testAMessageIsShownWhileTheVaultIsLocked() async throws {
    let said = try await said()
    let id = try await said.thread.send("It is not broken.")
    let notice = try await said.thread.notice(id)
    await said.pair.ana.lock()
    let shown = try await openPreview(notice, previewKeys: said.keys, deviceKey: key(77))
    XCTAssertEqual(shown.author, "Riverside Clinic")
    XCTAssertEqual(shown.text, "It is not broken.")
    XCTAssertEqual(shown.known, .verified)
    XCTAssertEqual([shown.id, shown.thread], [id, said.thread.id])
    XCTAssertEqual("\(shown)", "UnverifiedMessage(..)")
  }

  func testWhatDoesNotOpenSaysWhatToDo() async throws {
    let said = try await said()
    let notice = try await said.thread.notice(said.thread.send("It is not broken."))
    let (keys, thread) = (said.keys, said.thread)
    await fails(Code.wayFailed) { try await openPreview(notice, previewKeys: keys, deviceKey: key(78)) }
    await fails(Code.wayFailed) { try await openPreview(notice, previewKeys: Data(), deviceKey: key(77)) }
    await fails(270) { try await openPreview(Data(count: 10), previewKeys: keys, deviceKey: key(77)) }
    await fails(81) { try await openPreview(notice, previewKeys: keys, deviceKey: passphrase()) }
    let other = try await said.chart.startThread("Another", label: "general")
    let elsewhere = try await other.notice(other.send("elsewhere"))
    await fails(Code.outsidePreview) { try await openPreview(elsewhere, previewKeys: keys, deviceKey: key(77)) }
    try await said.chart.revoke(from: said.pair.toAna)
    let after = try await thread.notice(thread.send("after"))
    await fails(Code.outdatedPreview) { try await openPreview(after, previewKeys: keys, deviceKey: key(77)) }
  }
}
