// What may import what in host/: a layer what is below it, and no files each other in a circle, types included.

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

const places = (names) => `^host/(${names.join('|')})(/|\\.ts$)`;

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
    ...LAYERS.flatMap((names, i) =>
      names.map((name) => ({
        name: `above-${name}`,
        comment: 'A layer knows what is below it: see docs/architecture.md.',
        severity: 'error',
        from: { path: places([name]) },
        to: {
          path: places(
            LAYERS.slice(i)
              .flat()
              .filter((other) => other !== name),
          ),
        },
      })),
    ),
  ],
  options: {
    includeOnly: '^host/',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
