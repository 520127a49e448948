// Requests as they should not be, and what they are answered with at every HTTP front.

import { config, CUSTOMER, ICCID, IMSI, MSISDN, PSK } from './harness.js';

const HOST = 'Host: beam.soracom.io\r\n';
const BODY = '{"temperature":77}';

export interface Front {
  readonly name: string;
  readonly port: number;
  /** Method and path of a request that is good here. */
  readonly line: string;
  readonly body: string;
  /** Its status. */
  readonly status: number;
}

const front = (name: string, port: number, line: string, status: number, body = BODY): Front => ({
  ...{ name, port, line, body, status },
});

export const FRONTS: readonly Front[] = [
  front('beam.soracom.io', 8888, 'POST /', 201),
  front('beam.soracom.io', 18080, 'POST /a', 201),
  front('beam.soracom.io', 80, 'POST /a', 201),
  front('uni.soracom.io', 80, 'POST /', 201),
  front('harvest.soracom.io', 80, 'POST /', 201),
  front('harvest-files.soracom.io', 80, 'PUT /a', 201),
  front('metadata.soracom.io', 80, 'GET /v1/subscriber.imsi', 200, ''),
  front('endorse.soracom.io', 80, 'POST /', 200),
  front('endorse.soracom.io', 443, 'POST /', 200),
  front('funnel.soracom.io', 80, 'POST /', 500),
  front('funk.soracom.io', 80, 'POST /', 500),
  front('api.soracom.io', 443, 'POST /v1/auth', 400),
  front('api.soracom.io', 8080, 'POST /v1/auth', 400),
];

const signed = { enabled: true, destination: `https://${CUSTOMER}/`, addSubscriberHeader: true, addSignature: true };

/** The services of FRONTS, switched on; Funnel and Funk without a destination. */
export const everything = {
  ...(config() as object),
  groups: {
    sensors: {
      configuration: {
        SoracomBeam: {
          'http://beam.soracom.io:8888/': { ...signed, psk: PSK },
          'http://beam.soracom.io:18080/': { ...signed, psk: PSK },
        },
        SoracomHarvest: { enabled: true },
        SoracomHarvestFiles: { enabled: true },
        SoracomEndorse: { enabled: true },
        SoracomAir: { metadata: { enabled: true } },
        SoracomFunnel: { enabled: true },
        SoracomFunk: { enabled: true },
        UnifiedEndpoint: { response: { format: 'SoracomHarvest' } },
      },
    },
  },
  subscribers: [{ imsi: IMSI, iccid: ICCID, msisdn: MSISDN, groupId: 'sensors' }],
};

/** The front's good request, `more` in its header. */
export const good = ({ line, body }: Front, more = '', version = 'HTTP/1.1'): string =>
  `${line} ${version}\r\n${HOST}${more}${body === '' ? '' : `Content-Length: ${body.length}\r\n`}\r\n${body}`;

/** What may follow a good request in its segment, and is none. */
export const RESTS = ['\0', ' ', 'EXTRA', '\x16\x03\x01', '{"temperature":78}', '\0\0\0\0', '\r\n\0'];

const CHUNKED = '2\r\n{}\r\n0\r\n\r\n';

/** Its sender finishes after these. */
export const UNFINISHED = 'GET / HT';

/** Name, bytes, statuses, and what the text says. A body is there where the framing is looked at. */
export const REFUSED: readonly (readonly [name: string, bytes: string, status: number, text: RegExp])[] = [
  ['gzip, chunked', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n${CHUNKED}`, 501, /chunked$/],
  ['gzip', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip\r\n\r\n`, 501, /chunked$/],
  ['chunked, gzip', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, gzip\r\n\r\n${CHUNKED}`, 501, /chunked$/],
  ['identity', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: identity\r\n\r\n`, 501, /chunked$/],
  ['chunked twice', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, chunked\r\n\r\n${CHUNKED}`, 501, /chunked$/],
  ['chunked;q=1', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked;q=1\r\n\r\n${CHUNKED}`, 501, /chunked$/],
  ['an empty coding', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding:\r\n\r\n`, 501, /chunked$/],
  [
    'gzip over two lines',
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKED}`,
    501,
    /chunked$/,
  ],
  ['chunks in 1.0', `POST / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${CHUNKED}`, 400, /HTTP\/1\.0/],
  [
    'a length and chunks',
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKED}`,
    400,
    /Content-Length/,
  ],
  [
    'chunks and a length',
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n${CHUNKED}`,
    400,
    /Content-Length/,
  ],
  ['two hosts', `GET / HTTP/1.1\r\n${HOST}Host: b\r\n\r\n`, 400, /more than one Host/],
  ['one host twice', `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`, 400, /more than one Host/],
  ['two hosts in 1.0', `GET / HTTP/1.0\r\n${HOST}Host: b\r\n\r\n`, 400, /more than one Host/],
  ['no host', 'GET / HTTP/1.1\r\n\r\n', 400, /Host is missing/],
  ['an empty host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n', 400, /Host is no host/],
  ['a host with a space', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400, /Host is no host/],
  ['a list of hosts', 'GET / HTTP/1.1\r\nHost: a, b\r\n\r\n', 400, /Host is no host/],
  ['a host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 400, /Host is no host/],
  ['HTTP/2.0', `GET / HTTP/2.0\r\n${HOST}\r\n`, 505, /HTTP\/1\.1/],
  ['HTTP/3.0', `GET / HTTP/3.0\r\n${HOST}\r\n`, 505, /HTTP\/1\.1/],
  ['TRACE', `TRACE / HTTP/1.1\r\n${HOST}\r\n`, 405, /TRACE/],
  ['LF alone', 'GET / HTTP/1.1\nHost: a\n\n', 400, /CRLF/],
  ['LF alone in a header', 'GET / HTTP/1.1\r\nHost: a\nX-A: 1\r\n\r\n', 400, /CR /],
  ['http in small letters', `GET / http/1.1\r\n${HOST}\r\n`, 400, /HTTP\//],
  ['a blank before the colon', `GET / HTTP/1.1\r\n${HOST}X-A : 1\r\n\r\n`, 400, /header token/],
  ['a folded line', `GET / HTTP/1.1\r\n${HOST}X-A: 1\r\n 2\r\n\r\n`, 400, /whitespace/],
  ['no line end', UNFINISHED, 400, /no end/],
];

/** Served, though not as they should be. */
export const SERVED: readonly (readonly [name: string, make: (front: Front) => string])[] = [
  ['a later minor version', (f) => good(f, '', 'HTTP/1.2')],
  ['the last minor version', (f) => good(f, '', 'HTTP/1.9')],
  ['a minor version of two digits', (f) => good(f, '', 'HTTP/1.10')],
  ['empty lines before it', (f) => `\r\n\r\n${good(f, 'Connection: close\r\n')}`],
  ['empty lines before a later version', (f) => `\r\n${good(f, '', 'HTTP/1.2')}`],
  ['a later version with chunks in it', (f) => good(f, 'X-A: GET / HTTP/1.2\r\n', 'HTTP/1.3')],
];
