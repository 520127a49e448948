// The OpenAPI document that the API gives of itself, judged by a validator of others and beside the routes it speaks of; and
// what comes of requests that are made of it, right and wrong.

import { Validator } from '@seriousme/openapi-schema-validator';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiWorld, type Client, OPERATOR } from './api-harness.js';
import { IMSI } from './harness.js';

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> };
  readonly responses: Readonly<Record<string, unknown>>;
  readonly security: readonly object[];
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

async function documentOf(client: Client): Promise<Document> {
  const { status, json } = await client.get<Document>('/openapi.json');
  expect(status).toBe(200);
  return json;
}

describe('/v1/openapi.json', () => {
  it('is a valid OpenAPI 3.1 document, for anybody', async () => {
    const document = await documentOf(new ApiWorld().anybody);
    expect(document.openapi).toBe('3.1.0');
    const validator = new Validator();
    const verdict = await validator.validate(JSON.parse(JSON.stringify(document)) as Readonly<Record<string, unknown>>);
    expect(verdict).toMatchObject({ valid: true });
    expect(validator.version).toBe('3.1');
    const references = JSON.stringify(document).match(/"\$ref":"[^"]+"/g) ?? [];
    expect(references.length).toBeGreaterThan(50);
    for (const reference of references) {
      const [, kind = '', name = ''] = /components\/(\w+)\/(\w+)"$/.exec(reference) ?? [];
      const known = document.components as unknown as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
      expect([reference, known[kind]?.[name] !== undefined]).toEqual([reference, true]);
    }
  });

  it('names every parameter, body, answer and the error of a route', async () => {
    const { paths } = await documentOf(new ApiWorld().anybody);
    const list = paths['/subscribers']?.['get'];
    expect(list?.parameters).toContainEqual({
      ...{ name: 'limit', in: 'query', required: false },
      schema: { type: 'integer', default: 100, maximum: 100 },
    });
    expect(list?.responses).toMatchObject({
      200: { content: { 'application/json': { schema: { items: { $ref: '#/components/schemas/Subscriber' } } } } },
      default: { $ref: '#/components/responses/Error' },
    });
    expect(paths['/auth']?.['post']).toMatchObject({
      ...{ security: [], requestBody: { required: true } },
      responses: {
        200: { content: { 'application/json': { schema: { required: ['apiKey', 'token', 'operatorId'] } } } },
      },
    });
    expect(paths['/files/{scope}/{path}/']?.['get']).toMatchObject({ operationId: 'listFiles' });
    expect(paths['/files/{scope}/{path}']?.['head']).toMatchObject({ operationId: 'getFileMetadata' });
    expect(paths['/files/{scope}/{path}']?.['put']?.requestBody?.content).toHaveProperty('*/*');
    expect(paths['/credentials/{credentials_id}']?.['post']?.requestBody?.content).toMatchObject({
      'application/json': { schema: { oneOf: expect.any(Array) as unknown[] } },
    });
    const model = { content: { 'application/json': { schema: { $ref: '#/components/schemas/DeviceObjectModel' } } } };
    for (const path of ['/device_object_models', '/device_object_models/{model_id}']) {
      const post = paths[path]?.['post'];
      expect(post?.responses[200]).toMatchObject(model);
      expect(Object.keys(post?.requestBody?.content ?? {})).toEqual([
        'application/json',
        'application/xml',
        'text/xml',
      ]);
    }
    expect(paths['/devices/{device_id}/data']?.['get']).toMatchObject({
      ...{ operationId: 'getDataFromDevice', tags: ['Device'] },
      responses: {
        200: { content: { 'application/json': { schema: { items: { $ref: '#/components/schemas/DataEntry' } } } } },
      },
    });
    const ids = Object.values(paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('any JSON body and any query, on every route: an answer of its shape or the error’s, never a fault of the platform', async () => {
    const world = new ApiWorld();
    const client = await world.root();
    const { paths } = await documentOf(client);
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
    );
    expect(operations.length).toBeGreaterThan(90);
    const known: Readonly<Record<string, string>> = {
      ...{ operator_id: OPERATOR, imsi: IMSI, group_id: 'sensors', credentials_id: 'beam-psk', scope: 'private' },
      ...{ namespace: 'SoracomAir', resource_type: 'Subscriber', resource_id: IMSI, role_id: 'r', user_name: 'u' },
    };
    const odd = fc.constantFrom(
      '',
      '0',
      '-1',
      'null',
      '%00',
      '%2e%2e',
      '%ff',
      'constructor',
      '__proto__',
      'a%2Fb',
      '9'.repeat(20),
    );
    const field = fc.constantFrom(
      ...[
        'tags',
        'configuration',
        'permission',
        'description',
        'type',
        'credentials',
        'groupId',
        'speedClass',
        'roleId',
      ],
      ...[
        'password',
        'registrationSecret',
        'tokenTimeoutSeconds',
        'endpoint',
        'value',
        'values',
        'id',
        'paths',
        '__proto__',
      ],
    );
    const near = fc.dictionary(field, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 });
    const list = fc.array(fc.record({ key: fc.string(), value: fc.jsonValue({ maxDepth: 2 }) }, { requiredKeys: [] }));
    const request = fc.record({
      at: fc.constantFrom(...operations),
      wrong: fc.option(odd),
      query: fc.dictionary(
        fc.constantFrom('limit', 'x', 'sort', 'from', 'scope', 'owner', 'ticket'),
        fc.string({ maxLength: 8 }),
        {
          maxKeys: 2,
        },
      ),
      body: fc.oneof(fc.jsonValue({ maxDepth: 3 }), near, list),
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ at: { path, method }, wrong, query, body }) => {
        // What would end the caller's own token ends the test.
        if (path === '/auth/logout') return;
        const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => wrong ?? known[name] ?? '7');
        const search = new URLSearchParams(query).toString();
        const reads = method === 'GET' || method === 'HEAD';
        const answer = await client.call(method, `${filled}${search && `?${search}`}`, reads ? undefined : body, {
          follow: false,
        });
        expect([method, filled, answer.status < 500]).toEqual([method, filled, true]);
        if (answer.status < 400 || method === 'HEAD' || [412, 416].includes(answer.status)) return;
        expect(answer.json).toEqual({
          code: expect.stringMatching(/^[A-Z]{3}\d{4}$/) as string,
          message: expect.any(String) as string,
        });
      }),
      { numRuns: 1500 },
    );
  });
});
