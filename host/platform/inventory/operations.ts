// One operation of device management over a device's association (OMA LwM2M Core 6.3): the request, what comes back, and what of it the
// operator sees.

import { type CoapRequest, type CoapResponse, findTexts, findUint, Method, Option } from '../../coap/index.js';
import {
  ContentError,
  ContentFormat,
  emptyInstance,
  type Leaf,
  type Models,
  parsePath,
  type Path,
  pathText,
  readContent,
  readLinks,
  writeContent,
} from '../../lwm2m/index.js';
import { INVENTORY_LIMITS } from '../limits.js';
import { asked, compositeLeaves, compositeView, fetchRequest, patchRequest, pathsIn } from './composite.js';
import type { DeviceRecord, Registration } from './devices.js';
import { formatsOf, readFormatsOf, readIn, unnamedFormatsOf, writeIn } from './formats.js';
import type { DeviceLink } from './registrar.js';
import type { Operation, Outcome } from './requests.js';
import { createBody, leavesOf, viewOf, writeBody } from './view.js';

/** Whom is asked, and what is known of its objects. */
export interface Asking {
  readonly device: DeviceRecord;
  readonly link: DeviceLink;
  readonly models: Models;
  /** UNIX seconds: times in SenML count from now. */
  readonly nowS: number;
  /** Takes what the device has told. */
  readonly learn: (leaves: readonly Leaf[]) => void;
}

/** Those that are a request and its answer; the others last longer. */
export type SingleOperation = Exclude<
  Operation['kind'],
  'observe' | 'unobserve' | 'observe-composite' | 'unobserve-composite' | 'firmware'
>;

/** Body of a read or an observation whose answer shows the model besides the values. */
export const WITH_MODEL = 'model';

const NO_PATH: Path = [];

/** The path below the device's root, as the segments of a request. */
export function segments({ registration }: DeviceRecord, path: Path): string[] {
  const root = (registration?.root ?? '').split('/').filter((part) => part !== '');
  return [...root, ...path.map(String)];
}

/** Reads what is at `path`, in the best format that the device has. */
export const readRequests = (
  { device }: Pick<Asking, 'device'>,
  path: Path,
  send: (request: CoapRequest) => Promise<CoapResponse>,
): Promise<CoapResponse> =>
  readIn(readFormatsOf(device.registration), (accept) =>
    send({ method: Method.Get, path: segments(device, path), accept }),
  );

/** The values in an answer to a read of `path`. Throws ContentError, also for more than are kept of one message. */
export function leavesIn(
  { models, nowS }: Pick<Asking, 'models' | 'nowS'>,
  { options, payload }: CoapResponse,
  path: Path,
): Leaf[] {
  const leaves = readContent(payload, findUint(options, Option.ContentFormat), path, models, nowS);
  if (leaves.length <= INVENTORY_LIMITS.values) return leaves;
  throw new ContentError(`more than ${INVENTORY_LIMITS.values} values are in one message`);
}

/** Rejects with CoapError when no answer comes, with ContentError for one that cannot be understood. */
export async function perform(
  asking: Asking,
  kind: SingleOperation,
  { path: text, body }: Operation,
): Promise<Outcome> {
  const { device, link } = asking;
  const path = parsePath(text) ?? NO_PATH;
  const simple = async (request: CoapRequest): Promise<Outcome> => ({ code: (await link.peer.request(request)).code });
  const at = segments(device, path);
  switch (kind) {
    case 'read': {
      const response = await readRequests(asking, path, (request) => link.peer.request(request));
      if (!response.code.startsWith('2.')) return { code: response.code };
      const leaves = leavesIn(asking, response, path);
      asking.learn(leaves);
      return {
        code: response.code,
        result: viewOf(leaves, path, { models: asking.models, withModel: body === WITH_MODEL }),
      };
    }
    case 'discover': {
      const { code, payload } = await link.peer.request({ method: Method.Get, path: at, accept: ContentFormat.Link });
      return { code, ...(code.startsWith('2.') && { result: readLinks(payload) }) };
    }
    case 'write':
    case 'update':
      return write(asking, path, kind === 'write' ? Method.Put : Method.Post, body);
    case 'create':
      return create(asking, path, body);
    case 'execute': {
      const payload = typeof body === 'string' && body !== '' ? Buffer.from(body) : undefined;
      return simple({ method: Method.Post, path: at, ...(payload && { payload, contentFormat: ContentFormat.Text }) });
    }
    case 'delete':
      return simple({ method: Method.Delete, path: at });
    case 'attributes': {
      const set = Object.entries(body as Record<string, string>);
      const query = set.map(([name, value]) => (value === '' ? name : `${name}=${value}`));
      return simple({ method: Method.Put, path: at, query });
    }
    case 'read-composite': {
      const paths = pathsIn(text);
      const response = await link.peer.request(fetchRequest(device, segments(device, NO_PATH), paths));
      if (!response.code.startsWith('2.')) return { code: response.code };
      const leaves = asked(leavesIn(asking, response, NO_PATH), paths);
      asking.learn(leaves);
      return { code: response.code, result: compositeView(leaves) };
    }
    case 'write-composite':
      return simple(patchRequest(device, segments(device, NO_PATH), compositeLeaves(body, asking.models)));
  }
}

/** Writes in the best format that the device has. */
const inWriteFormats = (
  { device, link }: Asking,
  requestIn: (contentFormat: number) => CoapRequest,
  formats = formatsOf(device.registration),
): Promise<CoapResponse> => writeIn(formats, (format) => link.peer.request(requestIn(format)));

async function write(asking: Asking, path: Path, method: string, body: unknown): Promise<Outcome> {
  const leaves = leavesOf(writeBody.parse(body), path, asking.models);
  // A POST to a resource is Execute: what is to be updated of one is written to its instance.
  const at = method === Method.Post ? path.slice(0, 2) : path;
  const { code } = await inWriteFormats(asking, (contentFormat) => ({
    ...{ method, path: segments(asking.device, at), contentFormat },
    payload: writeContent(leaves, contentFormat, at),
  }));
  return { code };
}

/** The lowest id that no instance of the object has, by what the device has registered. */
function freeInstance(registration: Registration | undefined, object: number): number {
  const listed = new Set(Object.keys(registration?.objects ?? {}));
  for (let id = 0; ; id++) if (!listed.has(pathText([object, id]))) return id;
}

async function create(asking: Asking, path: Path, body: unknown): Promise<Outcome> {
  const [object = 0] = path;
  const { id, resources } = createBody.parse(body);
  const leaves = leavesOf({ resources }, [object, id ?? 0], asking.models);
  const isEmpty = leaves.length === 0;
  const { registration } = asking.device;
  const payloadIn = (format: number): Buffer => {
    if (isEmpty) return emptyInstance(format, object, id);
    if (id !== undefined) return writeContent(leaves, format, [object]);
    // In TLV what is written is the resources alone, and the device chooses the id.
    if (format === ContentFormat.Tlv) return writeContent(leaves, format, [object, 0]);
    const free = freeInstance(registration, object);
    const moved = leaves.map((leaf) => ({ ...leaf, path: [object, free, ...leaf.path.slice(2)] }));
    return writeContent(moved, format, [object]);
  };
  const { code, options } = await inWriteFormats(
    asking,
    (contentFormat) => ({
      ...{ method: Method.Post, path: segments(asking.device, path), contentFormat },
      payload: payloadIn(contentFormat),
    }),
    (isEmpty || id === undefined ? unnamedFormatsOf : formatsOf)(registration),
  );
  const location = findTexts(options, Option.LocationPath);
  return { code, ...(location.length > 0 && { result: { location: `/${location.join('/')}` } }) };
}
