// What the management API answers when it does not do what it was asked: `{"code":"XXX0000","message":"..."}`. The codes
// are the emulator's own: the real ones are not published.

import { ApiStatus } from '../choices.js';

export type Lang = 'en' | 'ja';

/** Code, status and what it means; the detail follows in the message. */
const FAULTS = {
  malformed: ['COM0001', ApiStatus.BadRequest, 'the request is malformed', 'リクエストの形式が正しくありません'],
  'no-route': ['COM0002', ApiStatus.NotFound, 'there is no such API', '指定されたAPIはありません'],
  method: ['COM0003', ApiStatus.MethodNotAllowed, 'the method is not served here', 'このメソッドは使用できません'],
  'too-large': ['COM0004', ApiStatus.ContentTooLarge, 'the body is too large', 'リクエストボディが大きすぎます'],
  'media-type': ['COM0005', ApiStatus.UnsupportedMediaType, 'the body must be JSON', 'JSONを送信してください'],
  internal: ['COM0006', ApiStatus.InternalError, 'internal error', '内部エラーが発生しました'],
  full: ['COM0008', ApiStatus.Full, 'too many requests at once', 'リクエストが集中しています'],
  storage: ['COM0009', ApiStatus.StorageFault, 'the storage cannot be used now', 'ストレージを使用できません'],
  busy: ['COM0007', ApiStatus.TooManyRequests, 'too many requests', 'リクエストが多すぎます'],
  limit: ['COM0010', ApiStatus.Conflict, 'there are too many', '上限に達しました'],
  'auth-failed': ['AUM0001', ApiStatus.Unauthorized, 'authentication failed', '認証に失敗しました'],
  token: ['AUM0002', ApiStatus.Unauthorized, 'invalid API key or token', 'APIキーまたはトークンが無効です'],
  forbidden: ['AUM0003', ApiStatus.Forbidden, 'not permitted', '許可されていません'],
  'no-subscriber': ['SBS0001', ApiStatus.NotFound, 'there is no such subscriber', '指定されたSIMはありません'],
  'subscriber-exists': ['SBS0002', ApiStatus.Conflict, 'registered already', 'このSIMは登録済みです'],
  'subscriber-state': ['SBS0003', ApiStatus.Conflict, 'not in this status', '現在のステータスでは実行できません'],
  'no-tag': ['TAG0001', ApiStatus.NotFound, 'there is no such tag', '指定されたタグはありません'],
  'no-group': ['GRP0001', ApiStatus.NotFound, 'there is no such group', '指定されたグループはありません'],
  'in-no-group': ['GRP0002', ApiStatus.NotFound, 'the subscriber is in no group', 'SIMはグループに属していません'],
  configuration: ['GRP0003', ApiStatus.BadRequest, 'the configuration cannot be used', '設定が正しくありません'],
  'no-parameter': ['GRP0004', ApiStatus.NotFound, 'there is no such parameter', '指定されたパラメーターはありません'],
  'no-credentials': ['CRD0001', ApiStatus.NotFound, 'there are no such credentials', '指定された認証情報はありません'],
  'credentials-exist': ['CRD0002', ApiStatus.Conflict, 'the credentials are there already', '認証情報は登録済みです'],
  'no-role': ['SAM0001', ApiStatus.NotFound, 'there is no such role', '指定されたロールはありません'],
  'role-exists': ['SAM0002', ApiStatus.Conflict, 'the role is there already', 'ロールは登録済みです'],
  'no-user': ['SAM0003', ApiStatus.NotFound, 'there is no such user', '指定されたユーザーはありません'],
  'user-exists': ['SAM0004', ApiStatus.Conflict, 'the user is there already', 'ユーザーは登録済みです'],
  'no-auth-key': ['SAM0005', ApiStatus.NotFound, 'there is no such AuthKey', '指定された認証キーはありません'],
  'no-password': ['SAM0006', ApiStatus.NotFound, 'there is no password', 'パスワードが登録されていません'],
  'password-exists': ['SAM0007', ApiStatus.Conflict, 'there is a password already', 'パスワードは登録済みです'],
  'no-data': ['HVD0001', ApiStatus.NotFound, 'there is no such entry', '指定されたデータはありません'],
  'harvest-off': [
    ...(['HVD0002', ApiStatus.BadRequest] as const),
    ...(['Harvest Data is not enabled for the group of the device', 'Harvest Dataが有効になっていません'] as const),
  ],
  link: ['HVF0002', ApiStatus.Forbidden, 'the link is not good any more', 'リンクの有効期限が切れています'],
  'files-full': [
    ...(['HVF0003', ApiStatus.NoRoom] as const),
    ...(['there is no room for more files', 'ファイルの容量が上限に達しました'] as const),
  ],
  'no-file': ['HVF0001', ApiStatus.NotFound, 'there is no such file', '指定されたファイルはありません'],
  'no-device': ['DEV0001', ApiStatus.NotFound, 'there is no such device', '指定されたデバイスはありません'],
  'device-exists': ['DEV0002', ApiStatus.Conflict, 'the device is there already', 'デバイスは登録済みです'],
  'too-many-devices': ['DEV0003', ApiStatus.Conflict, 'there are too many', '上限に達しました'],
  'device-refused': ['DEV0004', ApiStatus.BadRequest, 'the device refuses', 'デバイスが拒否しました'],
  'device-has-not': ['DEV0009', ApiStatus.NotFound, 'the device has nothing there', 'デバイスにありません'],
  'device-answer': [
    ...(['DEV0008', ApiStatus.BadRequest] as const),
    ...(['the answer of the device cannot be understood', 'デバイスの応答を解釈できません'] as const),
  ],
  'device-silent': ['DEV0010', ApiStatus.BadRequest, 'nothing came of the request', 'リクエストは完了しませんでした'],
  'device-failed': [
    ...(['DEV0011', ApiStatus.InternalError] as const),
    ...(['the device answers with an error', 'デバイスがエラーを返しました'] as const),
  ],
  'no-request': ['DEV0005', ApiStatus.NotFound, 'there is no such request', '指定されたリクエストはありません'],
  'no-model': ['DEV0006', ApiStatus.NotFound, 'there is no such object model', '指定されたモデルはありません'],
  'model-exists': ['DEV0007', ApiStatus.Conflict, 'the object model is there already', 'モデルは登録済みです'],
} as const;

export type ApiFault = keyof typeof FAULTS;

/** `detail` goes to the client: it names fields and never quotes a value that may be a secret. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(
    readonly fault: ApiFault,
    readonly detail?: string,
    /** For the trace. */
    readonly reason?: string,
  ) {
    const [code, status, meaning] = FAULTS[fault];
    super(detail ?? meaning);
    this.name = 'ApiError';
    this.code = code;
    this.status = status;
  }

  /** The answer's body, in the language that `X-Soracom-Lang` asks for. */
  body(lang: Lang): { readonly code: string; readonly message: string } {
    const [code, , en, ja] = FAULTS[this.fault];
    const meaning = lang === 'ja' ? ja : en;
    return { code, message: this.detail === undefined ? meaning : `${meaning}: ${this.detail}` };
  }
}

/** What of the HTTP front's own refusals is said as the API says it: limits. */
const FRONT_FAULTS: Readonly<Record<number, ApiFault>> = {
  [ApiStatus.ContentTooLarge]: 'too-large',
  [ApiStatus.TooManyRequests]: 'busy',
  [ApiStatus.Full]: 'full',
};

export function frontFault(status: number, reason: string): ApiError | undefined {
  const fault = FRONT_FAULTS[status];
  return fault && new ApiError(fault, reason);
}
