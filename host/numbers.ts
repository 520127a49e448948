// Numbers of cards, subscribers and devices as people print and type them.

/** The check digit of ISO/IEC 7812-1 annex B (Luhn) for these digits. */
export function luhnDigit(digits: string): number {
  let sum = 0;
  for (const [i, digit] of [...digits].reverse().entries()) {
    const doubled = Number(digit) * (i % 2 === 0 ? 2 : 1);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return (10 - (sum % 10)) % 10;
}

/** Blanks and hyphens, and in telephone numbers what else groups digits: a class of a regular expression. */
const BETWEEN = '[\\s\\u2010-\\u2015-]';
const BETWEEN_MSISDN = '[\\s./()\\u2010-\\u2015-]';

const without = (text: string, between: string): string => text.replace(new RegExp(between, 'g'), '');

/** Digits in groups, as they are printed on cards and devices: without blanks and hyphens. */
export const plainNumber = (text: string): string => without(text, BETWEEN);

/**
 * Digits of an ICCID. EF_ICCID has room for twenty (TS 102 221 13.2); the shortest number has an issuer of seven digits, an account of
 * two and a check digit (ITU-T E.118).
 */
export const ICCID_DIGITS = { min: 10, max: 20 } as const;

/** What a printed number has at least: what is shorter may be the end of one, as some cards print it. */
const USUAL_ICCID_DIGITS = 18;

/** The same with capital letters, and without each F that fills EF_ICCID after the last digit. */
export const plainIccid = (text: string): string => plainNumber(text).toUpperCase().replace(/F+$/, '');

/**
 * What is wrong with a number that `plainIccid` has made; undefined if nothing is. Cards are in use whose numbers have letters: the issuer
 * uses digits beyond 9, which EF_ICCID holds like the others. F is none of them.
 */
export function iccidFault(digits: string): string | undefined {
  const { min, max } = ICCID_DIGITS;
  const [odd] = /[^0-9A-E]/.exec(digits) ?? [];
  if (odd !== undefined) return `has the character ${JSON.stringify(odd)}: a card holds digits and the letters A to E`;
  if (digits.length < min || digits.length > max) return `has ${digits.length} digits, not ${min} to ${max}`;
  return undefined;
}

/** Whether it is a number that ends in its Luhn check digit. */
export const hasLuhnDigit = (digits: string): boolean =>
  /^\d+$/.test(digits) && Number(digits.at(-1)) === luhnDigit(digits.slice(0, -1));

/** What is worth a look in an ICCID that is taken. */
export function iccidWarnings(name: string, digits: string): readonly string[] {
  const [letter] = /[A-E]/.exec(digits) ?? [];
  const short =
    digits.length < USUAL_ICCID_DIGITS ? `${name} has ${digits.length} digits, most cards have 19` : undefined;
  const check =
    letter === undefined
      ? luhnWarning(name, digits)
      : `${name} has the letter ${letter}, so that no check digit can be told: taken as it is`;
  return [...(short === undefined ? [] : [`${short}: taken as it is`]), check ?? []].flat();
}

/** A telephone number without + and what groups its digits. */
export const plainMsisdn = (text: string): string => without(text, BETWEEN_MSISDN).replace(/^\+/, '');

/** What `plainNumber`, `plainIccid` and `plainMsisdn` make so many digits of, as a pattern for JSON Schema. */
export const numberPattern = (min: number, max: number): string => `^${BETWEEN}*(?:[0-9]${BETWEEN}*){${min},${max}}$`;
export const iccidPattern = ({ min, max } = ICCID_DIGITS): string =>
  `^${BETWEEN}*(?:[0-9A-Ea-e]${BETWEEN}*){${min},${max}}(?:[Ff]${BETWEEN}*)*$`;
export const msisdnPattern = (min: number, max: number): string =>
  `^${BETWEEN_MSISDN}*[+]?${BETWEEN_MSISDN}*(?:[0-9]${BETWEEN_MSISDN}*){${min},${max}}$`;

/** What is worth a look in a number that ends in a check digit on most cards; undefined if nothing is. */
export function luhnWarning(name: string, digits: string): string | undefined {
  if (hasLuhnDigit(digits)) return undefined;
  const wanted = luhnDigit(digits.slice(0, -1));
  return `${name} ends in ${digits.at(-1)}, its Luhn check digit would be ${wanted}: taken as it is`;
}
