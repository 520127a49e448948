// What a model says of an object and its resources.

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
