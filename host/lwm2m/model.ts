// Models of objects: what their resources are called, of what type they are, and what may be done with them.

import { DEFAULT_MODELS } from './objects.js';
import type { Path } from './path.js';
import type { ResourceType } from './values.js';

export interface ResourceModel {
  readonly id: number;
  readonly name: string;
  /** Undefined: it is to be executed. */
  readonly type: ResourceType | undefined;
  /** Any of R, W and E; none: for bootstrap servers only. */
  readonly operations: string;
  readonly multiple: boolean;
  readonly mandatory: boolean;
}

export interface ObjectModel {
  readonly id: number;
  readonly name: string;
  /** `1.0` unless given. */
  readonly version?: string;
  readonly multiple: boolean;
  readonly mandatory: boolean;
  readonly resources: readonly ResourceModel[];
}

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
