// What holds something of a patient prints as its name alone, to `dump` too.

extension AssertedActor: CustomReflectable {}
extension Author: CustomReflectable {}
extension Certificate: CustomReflectable {}
extension DirectoryId: CustomReflectable {}
extension Entry: CustomReflectable {}
extension Event: CustomReflectable {}
extension NewFile: CustomReflectable {}
extension NewMessage: CustomReflectable {}
extension NewRecord: CustomReflectable {}
extension PatientIdentifier: CustomReflectable {}
extension PatientInfo: CustomReflectable {}
extension PatientSearch: CustomReflectable {}
extension Posted: CustomReflectable {}
extension Preview: CustomReflectable {}
extension Quarantined: CustomReflectable {}
extension Reaction: CustomReflectable {}
extension RecordCode: CustomReflectable {}
extension RecordDates: CustomReflectable {}
extension RecordTerms: CustomReflectable {}
extension Search: CustomReflectable {}
extension Share: CustomReflectable {}
extension ThreadInfo: CustomReflectable {}
extension UnverifiedMessage: CustomReflectable {}

extension CustomReflectable where Self: CustomDebugStringConvertible {
  /// Nothing.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
