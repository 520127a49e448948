// Bytes that files take up on the disk, those that are being uploaded among them: of each operator, and of all.

export interface RoomLimits {
  readonly operatorBytes: number;
  readonly allBytes: number;
}

/** There is no room for more of an operator's files. */
export class NoRoomError extends Error {
  constructor() {
    super('the files take up all the room that there is for them: delete some');
    this.name = 'NoRoomError';
  }
}

export class Room {
  readonly #limits: RoomLimits;
  readonly #taken = new Map<string, number>();
  #all = 0;

  constructor(limits: RoomLimits) {
    this.#limits = limits;
  }

  /** Throws NoRoomError. */
  take(operatorId: string, bytes: number): void {
    const { operatorBytes, allBytes } = this.#limits;
    const own = this.#taken.get(operatorId) ?? 0;
    if (own + bytes > operatorBytes || this.#all + bytes > allBytes) throw new NoRoomError();
    this.#add(operatorId, bytes);
  }

  /** Files that are there, however many. */
  has(operatorId: string, bytes: number): void {
    this.#add(operatorId, bytes);
  }

  give(operatorId: string, bytes: number): void {
    this.#add(operatorId, -bytes);
  }

  #add(operatorId: string, bytes: number): void {
    this.#all += bytes;
    this.#taken.set(operatorId, (this.#taken.get(operatorId) ?? 0) + bytes);
  }
}
