// Places in a device: object, instance, resource, resource instance (OMA LwM2M Core 7.1).

/** Each part 0..65534; up to four. */
export type Path = readonly number[];

const MAX_ID = 65_534;

/** `/3/0/9`; undefined when it is none. `/` is the whole device. */
export function parsePath(text: string): Path | undefined {
  if (text === '/') return [];
  if (!/^(\/\d{1,5}){1,4}$/.test(text)) return undefined;
  const parts = text.slice(1).split('/').map(Number);
  return parts.every((part) => part <= MAX_ID) ? parts : undefined;
}

export const pathText = (path: Path): string => `/${path.join('/')}`;

export const within = (path: Path, above: Path): boolean =>
  path.length >= above.length && above.every((id, i) => path[i] === id);
