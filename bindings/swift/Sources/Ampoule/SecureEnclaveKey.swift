// Compiled on Apple's systems only. No Mac has compiled it yet: what stands here follows the documentation of the framework.
#if canImport(Security)
  import Foundation
  import Security

  /// A ``DeviceKey`` by a P-256 key of the Secure Enclave, which it never leaves; of the Keychain where there is no enclave, as in
  /// a simulator. The key stays on this device and goes into no backup.
  ///
  /// Never the only way into a vault: the key is gone when the phone is erased or replaced.
  public final class SecureEnclaveKey: DeviceKey {
    private let tag: Data
    private let algorithm = SecKeyAlgorithm.eciesEncryptionCofactorVariableIVX963SHA256AESGCM

    /// The key of this tag, which is made when something is wrapped and it is missing.
    public init(tag: String = "ampoule.device-key") {
      self.tag = Data(tag.utf8)
    }

    /// Encrypts 32 bytes to the key of the enclave.
    public func wrap(key: Data) throws -> Data {
      guard let publicKey = SecKeyCopyPublicKey(try find() ?? make()),
        let wrapped = SecKeyCreateEncryptedData(publicKey, algorithm, key as CFData, nil)
      else { throw HookError.Refused }
      return wrapped as Data
    }

    /// Has the enclave decrypt what was wrapped.
    public func unwrap(wrapped: Data) throws -> Data {
      guard let key = try find(), let bytes = SecKeyCreateDecryptedData(key, algorithm, wrapped as CFData, nil)
      else { throw HookError.Refused }
      return bytes as Data
    }

    /// The key, if there is one. While the device is locked it cannot be had.
    private func find() throws -> SecKey? {
      let query: [CFString: Any] = [
        kSecClass: kSecClassKey, kSecAttrApplicationTag: tag, kSecAttrKeyType: kSecAttrKeyTypeECSECPrimeRandom,
        kSecReturnRef: true, kSecUseDataProtectionKeychain: true,
      ]
      var found: CFTypeRef?
      switch SecItemCopyMatching(query as CFDictionary, &found) {
      case errSecSuccess:
        guard let found, CFGetTypeID(found) == SecKeyGetTypeID() else { throw HookError.Refused }
        return (found as! SecKey)
      case errSecItemNotFound: return nil
      case errSecInteractionNotAllowed: throw HookError.Unavailable
      default: throw HookError.Refused
      }
    }

    private func make() throws -> SecKey {
      #if targetEnvironment(simulator)
        let usage: SecAccessControlCreateFlags = []
      #else
        let usage = SecAccessControlCreateFlags.privateKeyUsage
      #endif
      // Only on this device, and only while it is unlocked.
      let accessible = kSecAttrAccessibleWhenUnlockedThisDeviceOnly
      guard let access = SecAccessControlCreateWithFlags(nil, accessible, usage, nil) else {
        throw HookError.Unavailable
      }
      var attributes: [CFString: Any] = [
        kSecAttrKeyType: kSecAttrKeyTypeECSECPrimeRandom, kSecAttrKeySizeInBits: 256,
        kSecUseDataProtectionKeychain: true,
        kSecPrivateKeyAttrs: [
          kSecAttrIsPermanent: true, kSecAttrApplicationTag: tag, kSecAttrAccessControl: access,
        ] as [CFString: Any],
      ]
      #if !targetEnvironment(simulator)
        attributes[kSecAttrTokenID] = kSecAttrTokenIDSecureEnclave
      #endif
      guard let key = SecKeyCreateRandomKey(attributes as CFDictionary, nil) else { throw HookError.Refused }
      return key
    }
  }
#endif
