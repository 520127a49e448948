// Models of operators' own objects, uploaded through the management API.

import { z } from 'zod';
import { type ObjectModel, RESOURCE_TYPES } from '../../lwm2m/index.js';
import { type Database, storedJson } from '../database.js';
import { INVENTORY_LIMITS } from '../limits.js';

const id = z.int().min(0).max(65_534);
const name = z.string().min(1).max(128);

const resourceModel = z
  .object({
    id,
    name,
    type: z.enum(RESOURCE_TYPES).optional(),
    operations: z
      .string()
      .regex(/^(R?W?|E)$/, 'must be R, W, RW or E')
      .default('R'),
    multiple: z.boolean().default(false),
    mandatory: z.boolean().default(false),
  })
  .refine(({ type, operations }) => (type === undefined) === (operations === 'E'), {
    message: 'wants a type, or is to be executed (operations "E")',
  })
  .transform((model) => ({ ...model, type: model.type }));

export const objectModel = z
  .object({
    id: id.min(1),
    name,
    version: z
      .string()
      .regex(/^\d{1,3}\.\d{1,3}$/, 'as 1.0')
      .optional(),
    multiple: z.boolean().default(false),
    mandatory: z.boolean().default(false),
    resources: z.array(resourceModel).min(1).max(INVENTORY_LIMITS.resourcesPerObject),
  })
  .refine(({ resources }) => new Set(resources.map((resource) => resource.id)).size === resources.length, {
    path: ['resources'],
    message: 'an id is there twice',
  });
export type NewObjectModel = z.output<typeof objectModel>;

const TABLES = [
  `CREATE TABLE inventory_models (
     operator_id TEXT NOT NULL, object_id INTEGER NOT NULL, model TEXT NOT NULL, PRIMARY KEY (operator_id, object_id))
     STRICT, WITHOUT ROWID;`,
];

export class ObjectModels {
  readonly #database: Database;
  readonly #byOperator = new Map<string, Map<number, ObjectModel>>();

  constructor(database: Database) {
    this.#database = database;
    database.define('inventory_models', TABLES);
    for (const row of database.all('SELECT * FROM inventory_models ORDER BY object_id')) {
      this.#of(String(row['operator_id'])).set(Number(row['object_id']), storedJson<ObjectModel>(row, 'model'));
    }
  }

  /** By id. */
  list(operatorId: string): readonly ObjectModel[] {
    return [...this.#of(operatorId).values()].sort((a, b) => a.id - b.id);
  }

  get(operatorId: string, objectId: number): ObjectModel | undefined {
    return this.#of(operatorId).get(objectId);
  }

  put(operatorId: string, model: ObjectModel): void {
    this.#database.run(
      'INSERT OR REPLACE INTO inventory_models (operator_id, object_id, model) VALUES (?, ?, ?)',
      ...[operatorId, model.id, JSON.stringify(model)],
    );
    this.#of(operatorId).set(model.id, model);
  }

  /** Returns whether it was there. */
  delete(operatorId: string, objectId: number): boolean {
    this.#database.run('DELETE FROM inventory_models WHERE operator_id = ? AND object_id = ?', operatorId, objectId);
    return this.#of(operatorId).delete(objectId);
  }

  #of(operatorId: string): Map<number, ObjectModel> {
    const found = this.#byOperator.get(operatorId) ?? new Map<number, ObjectModel>();
    this.#byOperator.set(operatorId, found);
    return found;
  }
}
