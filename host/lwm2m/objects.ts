// The objects that every platform knows (OMA LwM2M registry), out of two notations:
//
// - an object and its resources, one a line: `# 3 1.2 s! Device`, then `0 R S Manufacturer`. For an object: id, version, s for a single
//   instance or m for several, ! for mandatory, name. For a resource: id, letters, type, name. Letters are R, W, E as in the registry,
//   - for bootstrap servers only, m for several instances, ! for mandatory.
// - resources by id, `5700 F Sensor Value`, and objects made of them: `3303 1.1 Temperature: 5700R! 5701R`.

import type { ObjectModel, ResourceModel } from './object-model.js';
import { IPSO_OBJECTS, IPSO_RESOURCES, OTHER_OBJECTS } from './objects-ipso.js';
import { OMA_OBJECTS } from './objects-oma.js';
import type { ResourceType } from './values.js';

/** Link format (Corelnk) is text. E: to be executed. */
const TYPES: Readonly<Record<string, ResourceType | undefined>> = {
  ...{ S: 'string', I: 'integer', U: 'unsigned', F: 'float', B: 'boolean', O: 'opaque', T: 'time', L: 'objlnk' },
  E: undefined,
};

const linesOf = (text: string): string[] => text.trim().split('\n');

const resource = (id: number, letters: string, type: string, name: string): ResourceModel => ({
  ...{ id, name, type: TYPES[type], operations: letters.replace(/[^RWE]/g, '') },
  ...{ multiple: letters.includes('m'), mandatory: letters.includes('!') },
});

function objectOf(lines: string): ObjectModel {
  const [head = '', ...below] = linesOf(lines);
  const [id, version = '1.0', kind = '', ...name] = head.split(' ');
  return {
    ...{ id: Number(id), name: name.join(' '), version },
    ...{ multiple: kind.includes('m'), mandatory: kind.includes('!') },
    resources: below.map((line) => {
      const [number, letters = '', type = '', ...words] = line.split(' ');
      return resource(Number(number), letters, type, words.join(' '));
    }),
  };
}

const objectsOf = (text: string): ObjectModel[] => text.trim().slice(2).split('\n# ').map(objectOf);

function ipsoObjects(): ObjectModel[] {
  const known = new Map(
    linesOf(IPSO_RESOURCES).map((line): [string, { type: string; name: string }] => {
      const [id = '', type = '', ...words] = line.split(' ');
      return [id, { type, name: words.join(' ') }];
    }),
  );
  return linesOf(IPSO_OBJECTS).map((line) => {
    const [head = '', parts = ''] = line.split(': ');
    const [id, version = '1.0', ...name] = head.split(' ');
    const resources = parts.split(' ').map((part) => {
      const number = part.slice(0, 4);
      const { type = '', name = '' } = known.get(number) ?? {};
      return resource(Number(number), part.slice(4), type, name);
    });
    return { id: Number(id), name: name.join(' '), version, multiple: true, mandatory: false, resources };
  });
}

export const DEFAULT_MODELS: readonly ObjectModel[] = [
  ...objectsOf(OMA_OBJECTS),
  ...ipsoObjects(),
  ...objectsOf(OTHER_OBJECTS),
];
