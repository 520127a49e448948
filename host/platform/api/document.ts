// The management API as an OpenAPI 3.1 document, made of the routes' own declarations.

import { z } from 'zod';
import { plainRecordOf } from '../../record.js';
import type { AnswerShape, Route } from './routes.js';
import { apiErrorShape, components, shown } from './shapes.js';

type Json = Readonly<Record<string, unknown>>;

const INFO = {
  title: 'Akari management API',
  version: '1.0.0',
  description: 'What operators do with their SIMs, groups, credentials, users, data, files and devices.',
} as const;

/** Headers that a token comes in. */
const SECURITY = {
  api_key: { type: 'apiKey', in: 'header', name: 'X-Soracom-API-Key' },
  api_token: { type: 'apiKey', in: 'header', name: 'X-Soracom-Token' },
} as const;

const PAGE_HEADERS = {
  link: { description: 'the address of the next page, when there is one', schema: { type: 'string' } },
  'x-soracom-next-key': { description: 'last_evaluated_key of the next page', schema: { type: 'string' } },
} as const;

export function openApiDocument(routes: readonly Route[]): Json {
  const schemas: Record<string, unknown> = {};
  const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Json => hoisted(jsonSchema(schema, io), schemas);
  const error = { $ref: '#/components/responses/Error' };
  const paths: Record<string, Record<string, unknown>> = {};
  const names = new Map<string, number>();
  for (const route of routes) {
    const [tag = '', name = ''] = route.api.split(':');
    const times = (names.get(name) ?? 0) + 1;
    names.set(name, times);
    const path = (paths[templateOf(route)] ??= {});
    path[route.method.toLowerCase()] = {
      tags: [tag],
      // Several addresses may do the same; an id stands for one.
      operationId: times === 1 ? name : `${name}_${times}`,
      summary: route.summary,
      security: route.for === 'anybody' ? [] : [{ api_key: [], api_token: [] }],
      parameters: parametersOf(route, schemaOf),
      ...bodyOf(route, schemaOf),
      responses: {
        ...Object.fromEntries(
          Object.entries(route.answers).map(([status, shape]) => [
            status,
            {
              description: route.summary,
              ...(route.query !== undefined && 'last_evaluated_key' in route.query && { headers: PAGE_HEADERS }),
              ...contentOf(shape, schemaOf),
            },
          ]),
        ),
        default: error,
      },
    };
  }
  const errorSchema = schemaOf(apiErrorShape, 'output');
  return {
    openapi: '3.1.0',
    info: INFO,
    servers: [{ url: '/v1' }],
    paths,
    components: {
      schemas,
      responses: { Error: { description: 'an error', content: { 'application/json': { schema: errorSchema } } } },
      securitySchemes: SECURITY,
    },
  };
}

type SchemaOf = (schema: z.ZodType, io: 'input' | 'output') => Json;

/** `:name{pattern}` is `{name}`. */
const templateOf = ({ path, shownPath }: Route): string =>
  shownPath ?? path.replace(/:(\w+)(\{[^/]*?\})?(?=\/|$)/g, '{$1}');

function parametersOf(route: Route, schemaOf: SchemaOf): readonly Json[] {
  const inPath = [...templateOf(route).matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    ...{ name, in: 'path', required: true, schema: { type: 'string' } },
  }));
  const inQuery = Object.entries(route.query ?? {}).map(([name, schema]) => ({
    ...{ name, in: 'query', required: !schema.safeParse(undefined).success, schema: schemaOf(schema, 'input') },
  }));
  return [...inPath, ...inQuery];
}

function bodyOf({ body, otherBodies = [] }: Route, schemaOf: SchemaOf): Json {
  if (body === undefined && otherBodies.length === 0) return {};
  const other = otherBodies.map((type) => [type === '*' ? '*/*' : type, { schema: {} }] as const);
  const json = body === undefined ? [] : [['application/json', { schema: schemaOf(body, 'input') }] as const];
  const required = body !== undefined && !(body.safeParse(undefined).success && !shown.has(body));
  return { requestBody: { required, content: Object.fromEntries([...json, ...other]) } };
}

function contentOf(shape: AnswerShape, schemaOf: SchemaOf): Json {
  if (shape === 'nothing') return {};
  if (shape === 'bytes') return { content: { '*/*': { schema: {} } } };
  return { content: { 'application/json': { schema: schemaOf(shape, 'output') } } };
}

const shownOf = (schema: object) => shown.get(schema) ?? plainRecordOf(schema);

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const other = shownOf(schema);
  if (other !== undefined) return other instanceof z.ZodType ? jsonSchema(other, io) : other;
  const made = z.toJSONSchema(schema, {
    io,
    metadata: components,
    // What only code can check is checked when it comes.
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema: made }) => {
      const as = (zodSchema as object) === schema ? undefined : shownOf(zodSchema);
      if (as === undefined) return;
      for (const key of Object.keys(made)) Reflect.deleteProperty(made, key);
      Object.assign(made, as instanceof z.ZodType ? jsonSchema(as, io) : as);
    },
  });
  Reflect.deleteProperty(made, '$schema');
  return made as Json;
}

/** Named schemas become components of the document. */
function hoisted(schema: Json, schemas: Record<string, unknown>): Json {
  const { $defs = {}, ...rest } = schema;
  for (const [name, definition] of Object.entries($defs as Json)) schemas[name] = moved(definition);
  return moved(rest) as Json;
}

/** The same with its references to `$defs` where these are now. */
function moved(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(moved);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, below]) => [
      key,
      key === '$ref' && typeof below === 'string' ? below.replace('#/$defs/', '#/components/schemas/') : moved(below),
    ]),
  );
}
