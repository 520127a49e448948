// The JSON of LwM2M 1.0 (OMA LwM2M 1.0, 6.4.4; content format 11543): `{"bn":"/3/0/","e":[{"n":"14","sv":"+09:00"}]}`. Devices of 1.0 may
// answer in it; nothing is asked for or written in it. It became SenML, so it is read into the same records.

import { z } from 'zod';
import { type Path, pathText } from './path.js';
import { RELATIVE, type SenmlRecord, type SenmlValue } from './senml.js';
import { ContentError, utf8 } from './values.js';

const entry = z.object({
  n: z.string().default(''),
  t: z.number().optional(),
  v: z.number().optional(),
  bv: z.boolean().optional(),
  sv: z.string().optional(),
  ov: z.string().optional(),
});
const body = z.object({ bn: z.string().optional(), bt: z.number().default(0), e: z.array(entry) });

/** Throws ContentError. `path`: what was asked for, below which names without a base name are. */
export function readJson(payload: Uint8Array, path: Path, nowS: number): SenmlRecord[] {
  let read: z.output<typeof body>;
  try {
    read = body.parse(JSON.parse(utf8(payload)));
  } catch (error) {
    if (error instanceof ContentError) throw error;
    throw new ContentError('JSON of LwM2M 1.0: {"bn","e":[..]} is expected');
  }
  const base = read.bn ?? pathText(path);
  return read.e.map(({ n, t, ...values }): SenmlRecord => {
    const time = t === undefined && read.bt === 0 ? undefined : read.bt + (t ?? 0);
    return {
      path: nameBelow(base, n),
      value: valueOf(values),
      time: time === undefined || time >= RELATIVE ? time : nowS + time,
    };
  });
}

/** Clients differ in whether the base name ends with a slash. */
function nameBelow(base: string, name: string): string {
  if (name === '') return base.length > 1 ? base.replace(/\/$/, '') : base;
  return `${base.replace(/\/$/, '')}/${name.replace(/^\//, '')}`;
}

function valueOf({ v, bv, sv, ov }: Omit<z.output<typeof entry>, 'n' | 't'>): SenmlValue | undefined {
  const found: SenmlValue[] = [];
  if (v !== undefined) found.push({ label: 'v', value: v });
  if (bv !== undefined) found.push({ label: 'vb', value: bv });
  if (sv !== undefined) found.push({ label: 'vs', value: sv });
  if (ov !== undefined) found.push({ label: 'vlo', value: ov });
  if (found.length > 1) throw new ContentError('JSON of LwM2M 1.0: an entry with several values');
  return found[0];
}
