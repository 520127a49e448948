// In which content format a device is asked and written to (OMA LwM2M Core 1.1, 7.4). SenML says of what type a value is, TLV does not:
// without a model of the object only SenML tells a number from a text.

import type { CoapResponse } from '../../coap/index.js';
import { ContentFormat } from '../../lwm2m/index.js';
import type { Registration } from './devices.js';

const { Json, SenmlCbor, SenmlJson, Tlv } = ContentFormat;

/**
 * The formats to try, the best first. LwM2M 1.0 has TLV; a device of it that names SenML alone gets that. A later one has SenML CBOR unless
 * it names others.
 */
export function formatsOf(registration: Registration | undefined): readonly number[] {
  const { version = '1.0', formats = [] } = registration ?? {};
  const named = [SenmlCbor, SenmlJson, Tlv].filter((format) => formats.includes(format));
  if (version === '1.0') return named.includes(Tlv) || named.length === 0 ? [Tlv] : named;
  return named.length === 0 ? [SenmlCbor, Tlv] : named;
}

/**
 * Of a read: the JSON of LwM2M 1.0 is asked for last, of a device that names it. By the standard such a device has TLV, too (1.0, 6.4),
 * whatever it names; and clients differ in how they name a single resource in that JSON.
 */
export function readFormatsOf(registration: Registration | undefined): readonly number[] {
  const formats = formatsOf(registration);
  return registration?.formats?.includes(Json) ? [...formats, Json] : formats;
}

/** Of an instance without resources or without an id: SenML has no record that says either. */
export function unnamedFormatsOf(registration: Registration | undefined): readonly number[] {
  const formats = formatsOf(registration);
  return formats.includes(Tlv) ? [Tlv, ...formats.filter((format) => format !== Tlv)] : formats;
}

/** Of a composite operation, which is in SenML alone. */
export function compositeFormat(registration: Registration | undefined): typeof SenmlCbor | typeof SenmlJson {
  return formatsOf(registration).find((format) => format === SenmlCbor || format === SenmlJson) ?? SenmlCbor;
}

/** What says that a device does not understand a format: "Not Acceptable" and "Unsupported Content-Format" (RFC 7252 5.9.2). */
type NotThisFormat = '4.06' | '4.15';

/** Tries one format after the other until the device understands one; what it says to the last one stands. */
async function inFormats(
  [first = Tlv, ...others]: readonly number[],
  refusal: NotThisFormat,
  attempt: (format: number) => Promise<CoapResponse>,
): Promise<CoapResponse> {
  const answer = await attempt(first);
  return others.length > 0 && answer.code === refusal ? inFormats(others, refusal, attempt) : answer;
}

/** A read, or the beginning of an observation: `attempt` gets the format to accept. */
export const readIn = (formats: readonly number[], attempt: (accept: number) => Promise<CoapResponse>) =>
  inFormats(formats, '4.06', attempt);

export const writeIn = (formats: readonly number[], attempt: (contentFormat: number) => Promise<CoapResponse>) =>
  inFormats(formats, '4.15', attempt);
