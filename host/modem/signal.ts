// From the one figure that the radio tells, RSRP in dBm, to those that AT commands show.

/** A 1.4 MHz LTE-M carrier has 72 subcarriers: RSSI is 10 log10(72) dB above the power of one, in a quiet cell. */
const RSSI_ABOVE_RSRP = 18;
/** What a quiet cell shows, dB: the radio does not tell them. */
export const RSRQ_DB = -10;
export const SINR_DB = 12;

const clamp = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, Math.round(value)));

export const rssiDbm = (rsrp: number): number => Math.round(rsrp) + RSSI_ABOVE_RSRP;

/** TS 27.007 8.5 `<rssi>`: 0..31, 99 unknown. */
export const rssiIndex = (rsrp: number | undefined): number =>
  rsrp === undefined ? 99 : clamp((rssiDbm(rsrp) + 113) / 2, 0, 31);

/** TS 27.007 8.69 `<rsrp>`: 0..97, 255 unknown. */
export const rsrpIndex = (rsrp: number | undefined): number => (rsrp === undefined ? 255 : clamp(rsrp + 141, 0, 97));

/** TS 27.007 8.69 `<rsrq>` of RSRQ_DB: half decibels above -20. */
export const RSRQ_INDEX = (RSRQ_DB + 20) * 2;
