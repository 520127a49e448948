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

/** Finds the model of what is at a path. */
export class Models {
  readonly #objects: ReadonlyMap<number, ObjectModel>;

  /** `custom` comes before the models that every platform has. */
  constructor(custom: readonly ObjectModel[] = []) {
    this.#objects = new Map([...DEFAULT_MODELS, ...custom].map((model) => [model.id, model]));
  }

  object(id: number): ObjectModel | undefined {
    return this.#objects.get(id);
  }

  resource([object, , resource]: Path): ResourceModel | undefined {
    if (object === undefined || resource === undefined) return undefined;
    return this.#objects.get(object)?.resources.find(({ id }) => id === resource);
  }
}
