import { foldedName } from '../http/text.js';

/** Names that belong to Beam: the message's framing, and the identity. No device and no custom header sets them. */
export function isReserved(name: string): boolean {
  const plain = foldedName(name);
  return plain.startsWith('x-soracom-') || FRAMING.has(plain);
}

const FRAMING = new Set(['host', 'content-length', 'transfer-encoding', 'connection', 'expect', 'trailer']);
