import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ContentTypeSetting } from '../../host/platform/config/fields.js';
import type { DeviceMessage } from '../../host/platform/message/message.js';
import { interpret } from '../../host/platform/message/payload.js';
import { Refusal } from '../../host/platform/refusal.js';
import { message } from './messages.js';

const http = (body: string | Uint8Array, type?: string): DeviceMessage =>
  message(body, { protocol: 'http', headers: type === undefined ? [] : [['content-TYPE', type]] });

const JSON_TYPE = 'application/json';

describe('a service whose content type is unset', () => {
  it.each(['tcp', 'udp'] as const)('takes %s as binary, even what looks like JSON', (protocol) => {
    const payload = interpret(message('{"a":1}', { protocol }), undefined);
    expect(payload).toMatchObject({ kind: 'binary', json: '{"payload":"eyJhIjoxfQ=="}', parsed: false });
    expect(payload).toMatchObject({ contentType: 'application/octet-stream', bytes: Buffer.from('{"a":1}') });
  });

  it.each([
    [JSON_TYPE, 'json', '{"a": 1}'],
    ['APPLICATION/JSON; charset=utf-8', 'json', '{"a": 1}'],
    ['application/vnd.x+json', 'json', '{"a": 1}'],
    ['text/plain', 'text', '{"payload":"{\\"a\\": 1}"}'],
    ['text/csv; header=absent', 'text', '{"payload":"{\\"a\\": 1}"}'],
    ['application/xml', 'text', '{"payload":"{\\"a\\": 1}"}'],
    ['application/atom+xml', 'text', '{"payload":"{\\"a\\": 1}"}'],
    ['application/octet-stream', 'binary', '{"payload":"eyJhIjogMX0="}'],
    ['image/png', 'binary', '{"payload":"eyJhIjogMX0="}'],
    ['', 'binary', '{"payload":"eyJhIjogMX0="}'],
  ])('takes HTTP of type %j as %s', (type, kind, json) => {
    const payload = interpret(http('{"a": 1}', type), undefined);
    expect(payload).toMatchObject({ kind, json });
    expect(payload.contentType).toBe(type);
  });

  it('takes HTTP without a type as binary', () => {
    expect(interpret(http('x'), undefined)).toMatchObject({ kind: 'binary', contentType: 'application/octet-stream' });
  });
});

describe('a setting', () => {
  it.each([
    ['json', 'json', '{"a":1}', JSON_TYPE],
    ['text', 'text', '{"payload":"{\\"a\\":1}"}', 'text/plain'],
    ['binary', 'binary', '{"payload":"eyJhIjoxfQ=="}', 'application/octet-stream'],
  ] as const)('%s holds on every transport, whatever the type stated', (setting, kind, json, contentType) => {
    const ways = [message('{"a":1}', { protocol: 'tcp' }), message('{"a":1}'), http('{"a":1}', 'image/png')];
    for (const way of ways) expect(interpret(way, setting)).toMatchObject({ kind, json });
    for (const way of ways.slice(0, 2)) expect(interpret(way, setting).contentType).toBe(contentType);
  });

  it.each(['', '{', 'nan', '{"a":1}x', '\ufeff{}', "{'a':1}", '{"a":"\u0001"}', '[1,]'])(
    'json refuses %j with 400 and the service’s own text',
    (text) => {
      const act = () => interpret(message(text), 'json', 'Invalid JSON is send to funnel.');
      expect(act).toThrow(Refusal);
      expect(act).toThrow(expect.objectContaining({ status: 400, message: 'Invalid JSON is send to funnel.' }));
    },
  );

  it('json refuses bytes that are no UTF-8', () => {
    expect(() => interpret(message(Buffer.from('22ff22', 'hex')), 'json')).toThrow(Refusal);
  });

  it('json leaves numbers and repeated keys as they were written', () => {
    const text = '{"n":1.0,"big":12345678901234567890123,"n":2e400}';
    expect(interpret(message(` ${text}\r\n`), 'json').json).toBe(text);
  });

  it('text of any bytes is JSON all the same', () => {
    const { json } = interpret(message(Buffer.from('41ff42', 'hex')), 'text');
    expect(JSON.parse(json)).toEqual({ payload: 'A\ufffdB' });
  });
});

describe('whatever the bytes', () => {
  const settings = fc.constantFrom<ContentTypeSetting>(undefined, 'json', 'text', 'binary');
  const types = fc.constantFrom(undefined, JSON_TYPE, 'text/plain', 'application/octet-stream', ';;;', 'a/b/c');
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map((text) => Buffer.from(text)),
    fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
  );

  it('the outcome is JSON that says what was sent, or a refusal', () => {
    fc.assert(
      fc.property(bodies, settings, types, fc.constantFrom('tcp', 'udp', 'http'), (bytes, setting, type, protocol) => {
        const headers: [string, string][] = type === undefined ? [] : [['Content-Type', type]];
        const sent = message(bytes, { protocol, headers });
        let payload;
        try {
          payload = interpret(sent, setting);
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
          return;
        }
        const value = JSON.parse(payload.json) as { payload: string };
        expect(payload.bytes).toEqual(Buffer.from(bytes));
        if (payload.kind === 'json') expect(value).toEqual(JSON.parse(Buffer.from(bytes).toString()));
        if (payload.kind === 'text') expect(value).toEqual({ payload: Buffer.from(bytes).toString() });
        if (payload.kind === 'binary') expect(Buffer.from(value.payload, 'base64')).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('nesting as deep as a megabyte allows is answered', () => {
    const deep = '['.repeat(500_000);
    expect(() => interpret(message(deep), 'json')).toThrow(Refusal);
    expect(interpret(message(deep + ']'.repeat(500_000)), 'json').kind).toBe('json');
  });
});
