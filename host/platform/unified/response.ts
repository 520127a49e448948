// One answer of several (SORACOM, Unified Endpoint, "response format").

import { UNIFIED_STATUS } from '../choices.js';
import { type MessageAnswer, type MessageService } from '../message/message.js';
import type { FixedResponse } from './config.js';

export interface ServiceAnswer {
  readonly service: MessageService;
  readonly answer: MessageAnswer;
}

export interface UnifiedAnswer extends MessageAnswer {
  /** Whose answer this is, unchanged: its form over TCP and UDP is that service's. */
  readonly by?: MessageService;
  /** The whole object of the Unified format, which TCP and UDP get; HTTP gets its status and body. */
  readonly object?: string;
}

interface ResponseSetting {
  /** `auto`, `unified`, `custom` or the name of a service. */
  readonly format?: string | undefined;
  readonly success?: FixedResponse | undefined;
  readonly failure?: FixedResponse | undefined;
}

/** `answers`: one or more. */
export function unifiedAnswer(answers: readonly ServiceAnswer[], setting: ResponseSetting): UnifiedAnswer {
  const { format = 'auto', success, failure } = setting;
  const [first] = answers;
  switch (format) {
    case 'auto':
      return answers.length === 1 && first !== undefined ? single(first) : combined(answers);
    case 'unified':
      return combined(answers);
    case 'custom':
      return fixed((answers.every(succeeded) ? success : failure) ?? { statusCode: UNIFIED_STATUS.Ok });
    default: {
      const named = answers.find(({ service }) => service.name === format);
      if (named !== undefined) return single(named);
      return { status: UNIFIED_STATUS.NotAmongThem, body: Buffer.from(`${format} is not enabled for the group`) };
    }
  }
}

const succeeded = ({ answer }: ServiceAnswer): boolean => answer.status < 400;

const single = ({ service, answer }: ServiceAnswer): UnifiedAnswer => ({ ...answer, by: service });

function combined(answers: readonly ServiceAnswer[]): UnifiedAnswer {
  const ok = answers.every(succeeded);
  const statusCode = ok ? UNIFIED_STATUS.Ok : UNIFIED_STATUS.Mixed;
  const detail = Object.fromEntries(
    answers.map(({ service: { name }, answer: { status, body } }) => [
      name,
      { statusCode: status, body: Buffer.from(body).toString() },
    ]),
  );
  const body = { result: ok ? 'ok' : 'ng', detail };
  return {
    status: statusCode,
    body: Buffer.from(JSON.stringify(body)),
    headers: [['Content-Type', 'application/json']],
    object: JSON.stringify({ statusCode, body }),
  };
}

const fixed = ({ statusCode, body = '', contentType = 'text/plain' }: FixedResponse): UnifiedAnswer => ({
  status: statusCode,
  body: Buffer.from(body),
  headers: body === '' ? [] : [['Content-Type', contentType]],
});
