/// The numbers of errors: the same in every language.
enum Code {
  static let locked: UInt32 = 101
  static let contentNotHere: UInt32 = 103
  static let damagedContent: UInt32 = 105
  static let notAFile: UInt32 = 108
  static let cannotRead: UInt32 = 111
  static let unknownEntry: UInt32 = 113
  static let grantEnded: UInt32 = 118
  static let unknownLabel: UInt32 = 129
  static let invalidCard: UInt32 = 135
  static let invalidAudit: UInt32 = 137
  static let damagedBundle: UInt32 = 141
  static let invalidCursor: UInt32 = 143
  static let restoredCopy: UInt32 = 152
  static let cannotWrite: UInt32 = 155
  static let vaultExists: UInt32 = 157
  static let outsidePreview: UInt32 = 159
  static let outdatedPreview: UInt32 = 160
  static let wayFailed: UInt32 = 201
  static let recoveryWordCount: UInt32 = 217
  static let storeBusy: UInt32 = 231
  static let keeperUnavailable: UInt32 = 251
  static let invalidId: UInt32 = 262
  static let invalidLabel: UInt32 = 272
  static let invalidDates: UInt32 = 273
}
