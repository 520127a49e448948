// The words of a condition: texts in quotes, operators and names, with nothing or space between them. Takes time by the
// length of the condition.

export class ConditionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConditionError';
  }
}

export interface Token {
  /** As it is written, a text with its quotes. */
  readonly text: string;
  /** Where the one before it ends, from 0. */
  readonly at: number;
}

/** A quote inside a text is written twice. The end of the condition is a token of no characters. */
const TOKEN = /\s*('[^']*(?:''[^']*)*'(?!')|==|!=|&&|\|\||[()!]|[A-Za-z]\w*|$)/y;

/** Throws ConditionError: it says where. */
export function tokensOf(source: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; ; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const text = TOKEN.exec(source)?.[1];
    if (text === undefined) throw notUnderstood(at);
    if (text === '') return tokens;
    tokens.push({ text, at });
  }
}

export const notUnderstood = (at: number): ConditionError =>
  new ConditionError(`the condition is not understood at character ${at + 1}`);
