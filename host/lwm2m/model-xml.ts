// Models of objects as OMA's registry publishes them: XML with one `Object` (LWM2M.xsd). Only its form is looked at here; who takes it
// checks what it says.

import { XMLParser } from 'fast-xml-parser';
import type { ResourceType } from './values.js';
import { ContentError } from './values.js';

/** `Type` of the schema. Links in link format are text. */
const TYPES: Readonly<Record<string, ResourceType>> = {
  ...{ String: 'string', Integer: 'integer', 'Unsigned Integer': 'unsigned', Float: 'float', Boolean: 'boolean' },
  ...{ Opaque: 'opaque', Time: 'time', Objlnk: 'objlnk', Corelnk: 'string' },
};

/** What this deep is, no model is. */
const DEPTH = 16;

const parser = new XMLParser({
  ...{ ignoreAttributes: false, attributeNamePrefix: '@', parseTagValue: false, parseAttributeValue: false },
  ...{ ignoreDeclaration: true, ignorePiTags: true, trimValues: true, maxNestedTags: DEPTH },
  isArray: (name) => name === 'Object' || name === 'Item',
  // The five that XML itself has. There are no others without a document type, which is refused.
  processEntities: true,
});

type Element = Readonly<Record<string, unknown>>;

/** A model as JSON has it, unchecked. Throws ContentError. */
export function modelFromXml(text: string): unknown {
  // Entities are declared in a document type: no model needs one.
  if (/<!\s*(?:DOCTYPE|ENTITY)/i.test(text)) throw new ContentError('XML: no document type is taken');
  let parsed: unknown;
  try {
    parsed = parser.parse(text, true);
  } catch (error) {
    throw new ContentError(`XML: ${error instanceof Error ? error.message.slice(0, 200) : 'malformed'}`);
  }
  const [object, ...others] = list(element(element(parsed, 'the document')['LWM2M'], 'LWM2M')['Object']);
  if (object === undefined || others.length > 0) throw new ContentError('XML: expected LWM2M with one Object');
  const read = element(object, 'Object');
  const version = words(read, 'ObjectVersion');
  return {
    ...{ id: number(words(read, 'ObjectID'), 'ObjectID'), name: words(read, 'Name') ?? '' },
    ...(version !== undefined && { version }),
    multiple: one(read, 'MultipleInstances', 'Multiple', 'Single'),
    mandatory: one(read, 'Mandatory', 'Mandatory', 'Optional'),
    resources: list(element(read['Resources'], 'Resources')['Item']).map(resource),
  };
}

function resource(item: unknown): unknown {
  const read = element(item, 'Item');
  const operations = words(read, 'Operations') ?? '';
  const name = words(read, 'Type');
  const type = name === undefined ? undefined : Object.hasOwn(TYPES, name) ? TYPES[name] : name;
  return {
    ...{ id: number(words(read, '@ID'), 'Item ID'), name: words(read, 'Name') ?? '', operations },
    ...(operations !== 'E' && type !== undefined && { type }),
    multiple: one(read, 'MultipleInstances', 'Multiple', 'Single'),
    mandatory: one(read, 'Mandatory', 'Mandatory', 'Optional'),
  };
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function element(value: unknown, what: string): Element {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Element;
  throw new ContentError(`XML: expected ${what}`);
}

/** Undefined: it is not there, or empty. */
function words(read: Element, name: string): string | undefined {
  const value = Object.hasOwn(read, name) ? read[name] : undefined;
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw new ContentError(`XML: ${name} is there twice, or more than text`);
  return value.replace(/\s+/g, ' ');
}

function number(text: string | undefined, what: string): number {
  if (text === undefined || !/^\d{1,5}$/.test(text)) throw new ContentError(`XML: ${what}: expected a number`);
  return Number(text);
}

function one(read: Element, name: string, yes: string, no: string): boolean {
  const text = words(read, name);
  if (text !== yes && text !== no) throw new ContentError(`XML: ${name}: expected ${yes} or ${no}`);
  return text === yes;
}
