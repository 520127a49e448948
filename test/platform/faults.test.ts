// What is wrong with JSON that somebody wrote, in words: the place, and what must be there.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { nearest, readAs } from '../../host/faults.js';
import { parseJson } from '../../host/json-text.js';
import { record } from '../../host/record.js';

const schema = z.strictObject({
  name: z.string().min(1),
  port: z.int().min(1).max(65_535),
  online: z.boolean(),
  kind: z.enum(['a', 'b']),
  list: z.array(z.number()).min(1).max(2),
  tags: record(z.string().max(3), z.string()),
  either: z.union([z.string(), z.number()]),
  shaped: z.discriminatedUnion('type', [z.object({ type: z.literal('x') }), z.object({ type: z.literal('y') })]),
});
const right = {
  ...{ name: 'n', port: 1, online: true, kind: 'a', list: [1], tags: { a: 'b' }, either: 1, shaped: { type: 'x' } },
};

describe('a fault of a value', () => {
  it.each<[object, string]>([
    [{ name: 7 }, 'name: must be a string, not a number'],
    [{ name: '' }, 'name: must not be empty'],
    [{ name: undefined }, 'name: is missing'],
    [{ port: '1' }, 'port: must be a number, not a string'],
    [{ port: 1.5 }, 'port: must be an integer, not a number'],
    [{ port: 0 }, 'port: must be at least 1'],
    [{ port: 70_000 }, 'port: must be at most 65535'],
    [{ online: 'yes' }, 'online: must be true or false, not a string'],
    [{ kind: 'c' }, 'kind: must be one of "a", "b"'],
    [{ list: {} }, 'list: must be an array, not an object'],
    [{ list: [] }, 'list: must have at least 1 entry'],
    [{ list: [1, 2, 3] }, 'list: must have at most 2 entries'],
    [{ list: [null] }, 'list[0]: must be a number, not null'],
    [{ tags: [] }, 'tags: must be an object, not an array'],
    [{ tags: { a: 1 } }, 'tags.a: must be a string, not a number'],
    [{ tags: { long: 'x' } }, 'tags.long: the key must have at most 3 characters'],
    [{ either: true }, 'either: must be a string or a number, not true'],
    [{ shaped: { type: 'z' } }, 'shaped.type: must be one of "x", "y"'],
    [{ shaped: {} }, 'shaped.type: is missing'],
    [{ prot: 1 }, 'unknown key "prot"; did you mean "port"?'],
    [{ zzz: 1 }, 'unknown key "zzz"; known: name, port, online, kind, list, tags, either, shaped'],
    [{ onlin: 1, Name: 2 }, 'unknown keys "onlin", "Name"; did you mean "online", "name"?'],
  ])('%j: %s', (change, fault) => {
    expect(readAs(schema, { ...right, ...change })).toEqual({ faults: [fault] });
  });

  it('all of them are told, each with the place; none quotes a value', () => {
    const secret = 'hunter2';
    const { faults } = readAs(schema, { ...right, port: secret, online: secret, kind: secret, list: [secret] }, ['at']);
    expect(faults).toHaveLength(4);
    expect(faults?.every((fault) => fault.startsWith('at.') && !fault.includes(secret))).toBe(true);
    expect(readAs(schema, null)).toEqual({ faults: ['must be an object, not null'] });
  });

  it('no value of JSON makes anything but words', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const { faults } = readAs(schema, value);
        for (const fault of faults ?? []) expect(fault).not.toMatch(/Invalid input|undefined|\[object/);
      }),
    );
  });
});

describe('the nearest word', () => {
  it.each([
    ['subscriber', 'subscribers'],
    ['SoracomBeem', 'SoracomBeam'],
    ['soracombeam', 'SoracomBeam'],
    ['entirely different', undefined],
    ['', undefined],
  ])('of %j: %s', (word, found) => {
    expect(nearest(word, ['subscribers', 'SoracomBeam', 'SoracomFunk'])).toBe(found);
  });
});

describe('text that is not JSON', () => {
  it.each([
    ['', 'line 1, column 1: it ends too early'],
    ['{', 'line 1, column 2: it ends too early'],
    ['{"a": 1,}', 'line 1, column 9: a key in double quotes is expected'],
    ['[1,]', 'line 1, column 4: a value is expected'],
    ['{\n  "a": 1\n  "b": 2\n}', 'line 3, column 3: , or } is expected'],
    ['{\n  a: 1\n}', 'line 2, column 3: a key in double quotes or } is expected'],
    ["{'a': 1}", 'line 1, column 2: a key in double quotes or } is expected'],
    ['{"a": 01}', 'line 1, column 7: a value is expected'],
    ['{"a": 1} x', 'line 1, column 10: the end is expected'],
    ['// comment\n{}', 'line 1, column 1: a value is expected'],
    ['{"a": tru}', 'line 1, column 7: a value is expected'],
    ['[1}', 'line 1, column 3: , or ] is expected'],
    ['[}', 'line 1, column 2: a value or ] is expected'],
    ['{"a" 1}', 'line 1, column 6: : is expected'],
    ['{"a": "x}', 'line 1, column 7: a string that has no end, or a character in it that must be escaped'],
    ['{"a": "C:\\x"}', 'line 1, column 7: a string that has no end, or a character in it that must be escaped'],
    ['{"a": 1 "b": 2}', 'line 1, column 9: , or } is expected'],
  ])('%j: %s', (text, where) => {
    expect(parseJson(text)).toEqual({ fault: `is not JSON: ${where}` });
  });

  it('is told from JSON, and the place is not behind the fault', () => {
    const cut = fc.record({
      value: fc.jsonValue(),
      at: fc.nat(),
      put: fc.constantFrom('', '}', ']', ',', ':', '"', '0', '-', 'e', '\\', '\n', '\u0001'),
      indent: fc.constantFrom(0, 2),
    });
    fc.assert(
      fc.property(cut, ({ value, at, put, indent }) => {
        const text = JSON.stringify(value, null, indent);
        const place = at % (text.length + 1);
        const spoilt = text.slice(0, place) + put + text.slice(place + 1);
        let json: unknown;
        let message = '';
        try {
          json = JSON.parse(spoilt);
        } catch (error) {
          ({ message } = error as Error);
        }
        const read = parseJson(spoilt);
        expect(read.fault === undefined).toBe(message === '');
        if (read.fault === undefined) {
          expect(read.json).toEqual(json);
          return;
        }
        const [, line = '', column = ''] = /line (\d+), column (\d+)/.exec(read.fault) ?? [];
        const lines = spoilt.split('\n').slice(0, Number(line) - 1);
        const found = lines.reduce((sum, one) => sum + one.length + 1, 0) + Number(column) - 1;
        // Node names a place in most of its messages.
        const [, position] = /at position (\d+)/.exec(message) ?? [];
        if (position !== undefined) expect(found).toBeLessThanOrEqual(Number(position));
      }),
      { numRuns: 2000 },
    );
  });

  it('as deep as it likes', () => {
    expect(parseJson('['.repeat(1_000_000))).toEqual({
      fault: 'is not JSON: line 1, column 1000001: it ends too early',
    });
  });
});
