import { describe, expect, it } from 'vitest';
import { akari, resultOf } from './akari.js';

describe('akari show', () => {
  it('tells the story in six chapters and exits 0 once the customer has verified', async () => {
    const { code, stdout } = await akari(['show', '--clock', 'virtual']);
    expect(code).toBe(0);
    expect(stdout.match(/^\d\. .*/gm)).toHaveLength(6);
    for (const said of [
      /ATR 3b9e95/,
      /> AT\+QIACT=1/,
      /RES equals XRES {2}res \[redacted\]/,
      /session open: IMSI 440103123456789 has 10\./,
      /-> POST \/telemetry/,
      /x-soracom-signature: [0-9a-f]{64}/,
      /signature verified, from IMSI 440103123456789/,
    ]) {
      expect(stdout).toMatch(said);
    }
  });

  it('does so on the real clock, over real TLS on loopback', async () => {
    const ended = await akari(['show', '--json', '--clock', 'real']);
    expect(ended.code).toBe(0);
    expect(resultOf(ended)).toMatchObject({ type: 'result', ok: true, verified: true, imsi: '440103123456789' });
  });

  it('prints nothing but one JSON event a line under --json, the same for the same seed', async () => {
    const first = await akari(['show', '--json', '--clock', 'virtual', '--seed', '7']);
    for (const line of first.stdout.trimEnd().split('\n')) {
      expect(JSON.parse(line)).toHaveProperty('type');
    }
    expect((await akari(['show', '--json', '--clock', 'virtual', '--seed', '7'])).stdout).toBe(first.stdout);
  });

  it('masks RES, CK and IK unless asked by name', async () => {
    const hidden = await akari(['show', '--json', '--clock', 'virtual']);
    const shown = await akari(['show', '--json', '--clock', 'virtual', '--show-secrets']);
    const res = (out: string): string | undefined =>
      /"message":"AUTHENTICATION RESPONSE".*?"res":"([^"]*)"/.exec(out)?.[1];
    expect(res(hidden.stdout)).toBe('[redacted]');
    expect(res(shown.stdout)).toMatch(/^[0-9a-f]{16}$/);
    expect(hidden.stdout).not.toContain(res(shown.stdout));
  });

  it('with a wrong K ends in exit 1 and one line that says which side failed which check', async () => {
    const args = ['show', '--clock', 'virtual', '--profile', 'examples/profiles/wrong-key.json'];
    const { code, stderr } = await akari(args);
    expect(code).toBe(1);
    expect(stderr).toBe('akari: modem: the card finds the MAC of the challenge wrong (9862)\n');
    const json = await akari([...args, '--json']);
    expect([json.code, resultOf(json)]).toMatchObject([1, { ok: false, verified: false, reason: /MAC/ }]);
  });
});

describe('usage errors exit with 2 and name what is wrong', () => {
  it.each([
    [['frob'], /unknown command 'frob'/],
    [['show', '--clock', 'sundial'], /Allowed choices are real, virtual/],
    [['show', '--profile', 'nowhere.json'], /nowhere\.json/],
    [['run'], /missing required argument 'app.wasm'/],
    [['run', 'nowhere.wasm'], /nowhere\.wasm/],
    [['run', 'package.json'], /not a WebAssembly module/],
    [['run', 'x.wasm', '--for', 'ever'], /expected a time such as 90s, 5m, 2h or 1d/],
    [['run', 'x.wasm', '--trace', 'x.pcapng'], /capture files are not there yet/],
    [['run', 'x.wasm', '--mqtt', 'http://x'], /mqtt:\/\//],
    [['new', '/tmp', '--example', 'beam-telemetry'], /not empty/],
    [['new', 'x', '--example', 'teapot'], /there is no example "teapot"/],
    [['build', 'teapot-release'], /no target "teapot-release"/],
  ])('%j', async (args, message) => {
    const { code, stderr } = await akari(args);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});
