// Which command lines carry a secret: PINs, and APDUs that carry PINs or keys to the card. In doubt, they do. What the
// card answers is judged by SecrecyWatch (host/sim/apdu.ts).

const PIN_COMMAND = /(CPIN|CLCK|CPWD).*\d/i;
/** PIN commands and UPDATE as payload of +CSIM or +CGLA: their INS is the second byte. */
const SECRET_APDU = /(CSIM|CGLA).*[^0-9A-F][0-9A-F]{2}(20|24|26|28|2C|D6|DC)[0-9A-F]{4}/i;
/** UPDATE BINARY and UPDATE RECORD by +CRSM. */
const UPDATE = /CRSM *= *2(14|20)/i;

/** True when a command line must not be shown. */
export function isSecretLine(line: string): boolean {
  return PIN_COMMAND.test(line) || SECRET_APDU.test(line) || UPDATE.test(line);
}
