// Which lines between device and modem carry a secret: PINs, the commands that carry PINs to the card, and what the
// card says to AUTHENTICATE.

const PIN_COMMAND = /CPIN|CLCK|CPWD/i;
/** VERIFY, CHANGE, DISABLE, ENABLE and UNBLOCK PIN as payload of +CSIM or +CGLA. */
const PIN_APDU = /(CSIM|CGLA).*[^0-9A-Fa-f][0-9A-Fa-f]{2}(20|24|26|28|2C)[0-9A-Fa-f]{4}/i;

/** True when a command line must not be shown. */
export function isSecretLine(line: string): boolean {
  return (PIN_COMMAND.test(line) && /\d/.test(line)) || PIN_APDU.test(line);
}

/** EF_KEYS, EF_KEYSPS, EF_EPSNSC, EF_Kc, EF_KcGPRS: they hold session keys. */
const KEY_FILES = new Set([0x6f08, 0x6f09, 0x6fe4, 0x4f20, 0x4f52]);
/** The short file identifiers of the first three. */
const KEY_SFIS = new Set([0x08, 0x09, 0x18]);

export const isKeyFile = (fid: number): boolean => KEY_FILES.has(fid);

/** Follows the APDUs of one logical channel and says which answers are secret. */
export class ApduSecrecy {
  #answerSecret = false;
  #keyFile = false;

  /** True when the answer's data to this command must not be shown. */
  answerIsSecret(apdu: Uint8Array): boolean {
    const ins = apdu[1] ?? 0;
    const p1 = apdu[2] ?? 0;
    switch (ins) {
      case 0xc0: // GET RESPONSE belongs to the command before
        return this.#answerSecret;
      case 0x88:
      case 0x89:
        this.#answerSecret = true;
        return true;
      case 0xa4: {
        const name = apdu.subarray(5);
        this.#keyFile =
          name.length >= 2 && isKeyFile(((name[name.length - 2] ?? 0) << 8) | (name[name.length - 1] ?? 0));
        this.#answerSecret = false;
        return false;
      }
      case 0xb0:
        if ((p1 & 0x80) !== 0) this.#keyFile = KEY_SFIS.has(p1 & 0x1f);
        this.#answerSecret = this.#keyFile;
        return this.#answerSecret;
      case 0xb2: {
        const sfi = (apdu[3] ?? 0) >> 3;
        if (sfi !== 0) this.#keyFile = KEY_SFIS.has(sfi);
        this.#answerSecret = this.#keyFile;
        return this.#answerSecret;
      }
      default:
        this.#answerSecret = false;
        return false;
    }
  }
}
