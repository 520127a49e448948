// What may import what: in host/ a layer what is below it; no files each other in a circle, types included, in host/ and assembly/.

/** From the bottom up. Folders of one layer do not know each other. */
const LAYERS = [
  ['bytes', 'random', 'reset', 'visible', 'numbers', 'package-root', 'private-file'],
  ['secret', 'clock'],
  ['alarm', 'trace', 'tls', 'serial-server'],
  ['board', 'coap', 'dtls', 'lwm2m', 'build', 'kit'],
  ['cellular', 'export'],
  ['sim', 'platform'],
  ['modem', 'cloud'],
  ['world'],
  ['serve'],
  ['cli'],
];

/** The same inside of host/platform. Below them are the other files beside its index.ts, above them the services: all other folders. */
const PLATFORM = [
  ['binary-parser', 'config', 'http', 'keys'],
  ['directory', 'outbound'],
  ['accounts', 'air', 'caller', 'context'],
  ['api', 'message'],
  ['cloud-delivery', 'service'],
];
/** What puts the services together. */
const TOP = ['started', 'services', 'index'];
/** Services that others use. */
const USED = ['harvest', 'harvest-files'];

const places = (root, names) => `^${root}/(${names.join('|')})(/|\\.ts$)`;

const rule = (name, from, to) => ({
  ...{ name, severity: 'error', from, to },
  comment: 'A layer knows what is below it: see docs/architecture.md.',
});

const above = (root, layers) =>
  layers.flatMap((names, i) =>
    names.map((name) => {
      const forbidden = layers
        .slice(i)
        .flat()
        .filter((other) => other !== name);
      return rule(`above-${name}`, { path: places(root, [name]) }, { path: places(root, forbidden) });
    }),
  );

const platform = '^host/platform/';
const shared = places('host/platform', PLATFORM.flat());
const top = places('host/platform', TOP);
const base = `${platform}(?!(${[...PLATFORM.flat(), ...TOP].join('|')})\\.ts$)[^/]+\\.ts$`;
const service = `${platform}(?!(?:${PLATFORM.flat().join('|')})/)([^/]+)/`;

// The program looks for a default export.
// eslint-disable-next-line no-restricted-syntax
export default {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'Put what both need into a file of its own, below them.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    ...above('host', LAYERS),
    ...above('host/platform', PLATFORM),
    rule('platform-base', { path: base }, { path: platform, pathNot: base }),
    rule('platform-knows-a-service', { path: shared }, { path: [service, top] }),
    rule('service-knows-the-whole', { path: service }, { path: top }),
    rule(
      'service-knows-another',
      { path: service },
      { path: service, pathNot: [`${platform}$1/`, places('host/platform', USED)] },
    ),
  ],
  options: {
    includeOnly: '^(host|assembly)/',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
