/** The value at a dotted path of a JSON object; undefined when there is none. A tag's name may itself hold dots. */
export function select(value: unknown, path: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if (Object.hasOwn(value, path)) return (value as Readonly<Record<string, unknown>>)[path];
  for (let dot = path.indexOf('.'); dot !== -1; dot = path.indexOf('.', dot + 1)) {
    const name = path.slice(0, dot);
    if (!Object.hasOwn(value, name)) continue;
    const found = select((value as Readonly<Record<string, unknown>>)[name], path.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}
