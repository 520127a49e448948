/** How a model names itself. */
export interface Identity {
  readonly manufacturer: string;
  readonly model: string;
  readonly revision: string;
}
