// Cipher suites: an app names the class of those it wants as the type parameter of `DtlsClient`, and carries no others.
//
// Such a class has no fields, its members are
//
//   offer(at): i32                                            writes the suites, the best first; returns bytes
//   tagBytes(suite): i32                                      bytes of a tag, 0 for a suite that is not offered
//   seal(suite, key, nonce, aad, aadLen, data, len): void     encrypts in place, tag behind it
//   open(suite, key, nonce, aad, aadLen, data, len): i32      1 and decrypted in place, or 0; the tag stands behind `len` bytes

import { ccmOpen, ccmSeal } from "../../crypto/ccm";
import { GCM_TAG_BYTES, gcmOpen, gcmSeal } from "../../crypto/gcm";
import { TLS_PSK_WITH_AES_128_CCM_8, TLS_PSK_WITH_AES_128_GCM_SHA256 } from "./fields";

const NONCE_BYTES: i32 = 12;
const CCM_8_TAG_BYTES: i32 = 8;

/** TLS_PSK_WITH_AES_128_CCM_8 (RFC 6655): the suite that every LwM2M server has. */
@unmanaged
export class Ccm8 {
  offer(at: usize): i32 {
    store<u16>(at, bswap(<u16>TLS_PSK_WITH_AES_128_CCM_8));
    return 2;
  }

  tagBytes(suite: i32): i32 {
    return suite == TLS_PSK_WITH_AES_128_CCM_8 ? CCM_8_TAG_BYTES : 0;
  }

  seal(_suite: i32, key: usize, nonce: usize, aad: usize, aadLen: i32, data: usize, len: i32): void {
    ccmSeal(key, nonce, NONCE_BYTES, aad, aadLen, data, len, CCM_8_TAG_BYTES);
  }

  open(_suite: i32, key: usize, nonce: usize, aad: usize, aadLen: i32, data: usize, len: i32): i32 {
    return ccmOpen(key, nonce, NONCE_BYTES, aad, aadLen, data, len, CCM_8_TAG_BYTES);
  }
}

/** The same, then TLS_PSK_WITH_AES_128_GCM_SHA256 (RFC 5487) for a server that has no CCM. */
@unmanaged
export class Ccm8Gcm {
  offer(at: usize): i32 {
    store<u16>(at, bswap(<u16>TLS_PSK_WITH_AES_128_CCM_8));
    store<u16>(at, bswap(<u16>TLS_PSK_WITH_AES_128_GCM_SHA256), 2);
    return 4;
  }

  tagBytes(suite: i32): i32 {
    if (suite == TLS_PSK_WITH_AES_128_GCM_SHA256) return GCM_TAG_BYTES;
    return changetype<Ccm8>(this).tagBytes(suite);
  }

  seal(suite: i32, key: usize, nonce: usize, aad: usize, aadLen: i32, data: usize, len: i32): void {
    if (suite == TLS_PSK_WITH_AES_128_GCM_SHA256) gcmSeal(key, nonce, aad, aadLen, data, len);
    else changetype<Ccm8>(this).seal(suite, key, nonce, aad, aadLen, data, len);
  }

  open(suite: i32, key: usize, nonce: usize, aad: usize, aadLen: i32, data: usize, len: i32): i32 {
    if (suite == TLS_PSK_WITH_AES_128_GCM_SHA256) return gcmOpen(key, nonce, aad, aadLen, data, len);
    return changetype<Ccm8>(this).open(suite, key, nonce, aad, aadLen, data, len);
  }
}
