// Models of objects: what their resources are called, of what type they are, and what may be done with them.

import type { ObjectModel, ResourceModel } from './object-model.js';
import { DEFAULT_MODELS } from './objects.js';
import type { Path } from './path.js';

const DEFAULTS = new Map(DEFAULT_MODELS.map((model) => [model.id, model]));

/** Objects that only bootstrap servers may touch, for they hold keys: no resource of theirs can be read, written or executed. */
export const BOOTSTRAP_OBJECTS: ReadonlySet<number> = new Set(
  DEFAULT_MODELS.filter(({ resources }) => resources.every(({ operations }) => operations === '')).map(({ id }) => id),
);

/** Finds the model of what is at a path. */
export class Models {
  readonly #custom: ReadonlyMap<number, ObjectModel>;

  /** `custom` comes before the models that every platform has. */
  constructor(custom: readonly ObjectModel[] = []) {
    this.#custom = new Map(custom.map((model) => [model.id, model]));
  }

  object(id: number): ObjectModel | undefined {
    return this.#custom.get(id) ?? DEFAULTS.get(id);
  }

  resource([object, , resource]: Path): ResourceModel | undefined {
    if (object === undefined || resource === undefined) return undefined;
    return this.object(object)?.resources.find(({ id }) => id === resource);
  }
}
