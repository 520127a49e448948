// An operator signs in within bounded time while 300 addresses try passwords, on a virtual clock: each check takes 40 ms of it.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Accounts, BusyError, type Login, type SignInSource } from '../../host/platform/accounts/index.js';
import { hashPasswordNow } from '../../host/platform/accounts/password.js';
import { TokenSigner } from '../../host/platform/accounts/signer.js';
import { MS, SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { Database, Seal } from '../../host/platform/index.js';
import { SIGN_IN_LIMITS } from '../../host/platform/limits.js';
import { RunningTime } from '../../host/platform/running-time.js';
import { OPERATOR, OTHER_OPERATOR } from './api-harness.js';

const CHECK = 40 * MS;
const EMAIL = 'root@operator.example';
const HOME = '192.0.2.7';
const AWAY = '198.51.100.9';
const right: Login = { email: EMAIL, password: 'correct horse' };

const SEAL = new Seal();

class Lab {
  readonly clock = new VirtualClock(Date.UTC(2026, 0, 1));
  readonly accounts: Accounts;
  readonly database: Database;
  /** Of the attack: sign-ins that were answered, and that were refused at once. */
  checked = 0;
  refused = 0;
  #over = false;

  /** With the database of another, it is the next process. */
  constructor(database = new Database()) {
    const { clock } = this;
    this.database = database;
    this.accounts = new Accounts({
      ...{ clock, database, signer: new TokenSigner(database, SEAL), running: new RunningTime(database, clock) },
      deriveKey: async (secret, salt, length) => {
        await clock.sleep(CHECK);
        return createHash('sha256').update(secret).update(salt).digest().subarray(0, length);
      },
    });
    this.accounts.seed({ [OPERATOR]: { email: EMAIL, password: undefined, authKeys: {} } }, 'test');
    this.setPassword('correct horse');
  }

  setPassword(password: string): void {
    const salt = hashPasswordNow('').split('$')[4] ?? '';
    const secret = createHash('sha256').update(password).digest();
    const hash = createHash('sha256').update(secret).update(Buffer.from(salt, 'base64url')).digest('base64url');
    const sql = 'UPDATE operators SET email = ?, password = ? WHERE operator_id = ?';
    this.database.run(sql, EMAIL, ['scrypt', 16384, 8, 1, salt, hash].join('$'), OPERATOR);
  }

  /** Whether it is right; in a second. */
  async tried(login: Login, address: string): Promise<boolean | undefined> {
    let right: boolean | undefined;
    void this.accounts.signIn(login, 3600, { address }).then((ticket) => (right = ticket !== undefined));
    await this.pass(1);
    return right;
  }

  /** Each address has `each` sign-ins under way all the time, with names that `login` gives. */
  attack(addresses: readonly string[], each: number, login: (n: number) => Login): void {
    let n = 0;
    const go = async (address: string): Promise<void> => {
      while (!this.#over) {
        try {
          await this.accounts.signIn(login(n++), 3600, { address });
          this.checked++;
        } catch (error) {
          if (!(error instanceof BusyError)) throw error;
          this.refused++;
          await this.clock.sleep(SECOND);
        }
      }
    };
    for (const address of addresses) for (let i = 0; i < each; i++) void go(address);
  }

  /** Seconds that it takes to be signed in, tried again a second after each refusal; undefined: not in a minute. */
  async signIn(from: SignInSource, login: Login = right): Promise<number | undefined> {
    const started = this.clock.now();
    let done: number | undefined;
    const go = async (): Promise<void> => {
      try {
        if ((await this.accounts.signIn(login, 3600, from)) === undefined) throw new Error('not the right password');
        done = (this.clock.now() - started) / SECOND;
      } catch (error) {
        if (!(error instanceof BusyError)) throw error;
        await this.clock.sleep(SECOND);
        await go();
      }
    };
    void go();
    await this.clock.run({ deadline: started + 60 * SECOND, until: () => done !== undefined });
    return done;
  }

  async authKey(operatorId: string): Promise<Login> {
    let login: Login | undefined;
    void this.accounts.makeAuthKey({ operatorId, userName: undefined }).then(({ authKeyId, authKey }) => {
      login = { authKeyId, authKey: Buffer.from(authKey.reveal()).toString() };
    });
    await this.pass(1);
    if (login === undefined) throw new Error('no AuthKey in a second');
    return login;
  }

  async pass(seconds: number): Promise<void> {
    await this.clock.run({ deadline: this.clock.now() + seconds * SECOND });
  }

  end(): void {
    this.#over = true;
  }
}

const ADDRESSES = Array.from({ length: 300 }, (_, i) => `10.${i % 7}.${i % 250}.${(i * 7) % 250}`);
const guess = (n: number): Login => ({ email: `user${n}@operator.example`, password: 'wrong' });
const guessOf = (email: string): Login => ({ email, password: 'wrong' });

describe('while 300 addresses have 8 sign-ins each under way', () => {
  it('an operator signs in from its usual address in two turns', async () => {
    const lab = new Lab();
    expect(await lab.signIn({ address: HOME })).toBeCloseTo(0.04);
    lab.attack(ADDRESSES, 8, guess);
    await lab.pass(5);
    for (let i = 0; i < 5; i++) expect(await lab.signIn({ address: HOME })).toBeLessThanOrEqual(0.121);
    expect(lab.checked).toBeGreaterThan(100);
    lab.end();
  });

  it('the same when all try its own name', async () => {
    const lab = new Lab();
    await lab.signIn({ address: HOME });
    lab.attack(ADDRESSES, 8, () => guessOf(EMAIL));
    await lab.pass(5);
    expect(await lab.signIn({ address: HOME })).toBeLessThanOrEqual(0.121);
    lab.end();
  });

  it('one who is signed in already signs in from anywhere', async () => {
    const lab = new Lab();
    lab.attack(ADDRESSES, 8, guess);
    await lab.pass(5);
    const signedIn = { operatorId: OPERATOR, userName: undefined };
    expect(await lab.signIn({ address: AWAY, signedIn })).toBeLessThanOrEqual(0.121);
    lab.end();
  });

  it('one who is signed in as somebody else is a stranger', async () => {
    const lab = new Lab();
    lab.attack(ADDRESSES, 8, guess);
    await lab.pass(5);
    const other = { operatorId: OTHER_OPERATOR, userName: undefined };
    expect(await lab.signIn({ address: '198.51.100.10', signedIn: other })).toBeGreaterThan(1);
    lab.end();
  });

  it('one that comes from a new place waits for a turn of each place, and is in within half a minute', async () => {
    const lab = new Lab();
    lab.attack(ADDRESSES, 8, guess);
    await lab.pass(5);
    expect(await lab.signIn({ address: AWAY })).toBeLessThan(30);
    lab.end();
  });

  it('addresses of one /64 are one, and those of one /48 share', async () => {
    const lab = new Lab();
    lab.attack(
      Array.from({ length: 300 }, (_, i) => `2001:db8:1:${(i % 3).toString(16)}::${(i + 1).toString(16)}`),
      ...([8, guess] as const),
    );
    await lab.pass(5);
    expect(await lab.signIn({ address: '2001:db8:2::1' })).toBeLessThan(0.3);
    lab.end();
  });

  it('another operator that signs in all the time takes its own turns only', async () => {
    const lab = new Lab();
    await lab.signIn({ address: HOME });
    const key = await lab.authKey(OTHER_OPERATOR);
    expect(await lab.signIn({ address: AWAY }, key)).toBeCloseTo(0.04);
    lab.attack([AWAY], 200, () => key);
    lab.attack(ADDRESSES, 8, guess);
    await lab.pass(5);
    expect(await lab.signIn({ address: HOME })).toBeLessThanOrEqual(0.201);
    lab.end();
  });
});

describe('while wrong passwords for its own name come from its own address', () => {
  const wrong = (n: number): Login => ({ email: EMAIL, password: `wrong ${n}` });
  const REFUSED = 400;

  it('an owner whose password was right before signs in in two turns', async () => {
    const lab = new Lab();
    await lab.signIn({ address: HOME });
    lab.attack([HOME], REFUSED, wrong);
    await lab.pass(5);
    for (let i = 0; i < 5; i++) expect(await lab.signIn({ address: HOME })).toBeLessThanOrEqual(0.121);
    // From elsewhere, too.
    expect(await lab.signIn({ address: AWAY })).toBeLessThanOrEqual(0.121);
    expect(lab.checked).toBeGreaterThan(50);
    lab.end();
  });

  it('so does one that is signed in, after a restart', async () => {
    const lab = new Lab();
    await lab.signIn({ address: HOME });
    const next = new Lab(lab.database);
    next.attack([HOME], REFUSED, wrong);
    await next.pass(5);
    const signedIn = { operatorId: OPERATOR, userName: undefined };
    expect(await next.signIn({ address: HOME, signedIn })).toBeLessThanOrEqual(0.121);
    next.end();
  });

  it('one that has no proof is in within a minute', async () => {
    const lab = new Lab();
    await lab.signIn({ address: HOME });
    const next = new Lab(lab.database);
    next.attack([HOME], REFUSED, wrong);
    await next.pass(5);
    expect(await next.signIn({ address: HOME })).toBeLessThan(60);
    next.end();
  });

  it('a password that was right once and is not any more is no proof', async () => {
    const lab = new Lab();
    await lab.signIn({ address: HOME });
    lab.database.run('UPDATE operators SET password = NULL');
    expect(await lab.tried(right, HOME)).toBe(false);
    lab.setPassword('another');
    expect(await lab.tried(right, HOME)).toBe(false); // which ends it
    lab.attack([HOME], REFUSED, wrong);
    await lab.pass(5);
    const busy: unknown[] = [];
    for (let i = 0; i < 20; i++) lab.accounts.signIn(right, 3600, { address: HOME }).catch((error) => busy.push(error));
    await lab.pass(2);
    expect(busy.length).toBeGreaterThan(10);
    lab.end();
  });
});

describe('in one place', () => {
  it('an AuthKey is not behind e-mail addresses or AuthKeys that are none', async () => {
    const lab = new Lab();
    const key = await lab.authKey(OPERATOR);
    lab.attack([AWAY], 400, guess);
    lab.attack([AWAY], 400, (n) => ({ authKeyId: `keyId-${n}`, authKey: 'wrong' }));
    await lab.pass(5);
    expect(await lab.signIn({ address: AWAY }, key)).toBeLessThan(0.5);
    lab.end();
  });

  it('no more wait than the limit: the others are told at once', async () => {
    const lab = new Lab();
    lab.attack([AWAY], 400, guess);
    await lab.pass(0.5);
    // One of them is being checked.
    expect(lab.refused).toBe(400 - SIGN_IN_LIMITS.place - 1);
    lab.end();
  });
});

it('places are remembered over a restart, the last few, and forgotten with the user', async () => {
  const lab = new Lab();
  for (let i = 0; i <= SIGN_IN_LIMITS.places; i++) {
    await lab.signIn({ address: `192.0.2.${i}` });
    await lab.pass(1);
  }
  const rows = lab.database.all('SELECT place FROM sign_in_places ORDER BY used_ms');
  expect(rows.map(({ place }) => place)).toEqual(
    Array.from({ length: SIGN_IN_LIMITS.places }, (_, i) => `192.0.2.${i + 1}`),
  );
});
