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
const BETWEEN_MSISDN = '[\\s.()\\u2010-\\u2015-]';

const without = (text: string, between: string): string => text.replace(new RegExp(between, 'g'), '');

/** Digits in groups, as they are printed on cards and devices: without blanks and hyphens. */
export const plainNumber = (text: string): string => without(text, BETWEEN);

/** The same, without the F that fills the last byte of EF_ICCID. */
export const plainIccid = (text: string): string => plainNumber(text).replace(/[Ff]{1,2}$/, '');

/** A telephone number without + and what groups its digits. */
export const plainMsisdn = (text: string): string => without(text, BETWEEN_MSISDN).replace(/^\+/, '');

/** What `plainNumber`, `plainIccid` and `plainMsisdn` make so many digits of, as a pattern for JSON Schema. */
export const numberPattern = (min: number, max: number): string => `^${BETWEEN}*(?:[0-9]${BETWEEN}*){${min},${max}}$`;
export const iccidPattern = (min: number, max: number): string =>
  `^${BETWEEN}*(?:[0-9]${BETWEEN}*){${min},${max}}(?:[Ff]${BETWEEN}*){0,2}$`;
export const msisdnPattern = (min: number, max: number): string =>
  `^${BETWEEN_MSISDN}*[+]?${BETWEEN_MSISDN}*(?:[0-9]${BETWEEN_MSISDN}*){${min},${max}}$`;

/** What is worth a look in a number that ends in a check digit on most cards; undefined if nothing is. */
export function luhnWarning(name: string, digits: string): string | undefined {
  const wanted = luhnDigit(digits.slice(0, -1));
  if (Number(digits.at(-1)) === wanted) return undefined;
  return `${name} ends in ${digits.at(-1)}, its Luhn check digit would be ${wanted}: taken as it is`;
}
