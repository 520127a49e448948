// Toolkit floor. TS 102 223 5, 6, 8; TS 102 221 11.2.

import { describe, expect, it } from 'vitest';
import { AID, Bench } from './card.js';

const ADM1 = '0020000a08 3838383838383838';
const UPDATE_IMSI = '00d6000009 084904011332547699';

/** TERMINAL PROFILE: POLL INTERVAL 20 and REFRESH 80 in byte 3, PROVIDE LOCAL INFORMATION 40 in byte 4. */
const profile = (byte3: string, byte4 = '00'): string => `8010000004 0100${byte3}${byte4}`;
const response = (details: string, result: string, rest = ''): string => {
  const body = `8103${details}82028281${result}${rest}`;
  return `80140000${(body.length / 2).toString(16).padStart(2, '0')}${body}`;
};

describe('toolkit', () => {
  it('asks nothing of a terminal that says it can do nothing', async () => {
    const bench = await new Bench().usim();
    await bench.send(ADM1);
    expect(await bench.statusWords('80100000020100', '00a4000c026f07', UPDATE_IMSI, '8012000010')).toEqual([
      ...['9000', '9000', '9000', '6985'],
    ]);
  });

  it('POLL INTERVAL, then PROVIDE LOCAL INFORMATION: 91 LL, FETCH, TERMINAL RESPONSE, the next', async () => {
    const bench = await new Bench().usim();
    expect(await bench.send(profile('20', '40'))).toBe('910f');
    // Every command of the basic channel ends so; those of others do not.
    expect(await bench.statusWords('00a4000c026f07', '0070000001', '01a4000c022fe2', '00a4000c026fff')).toEqual([
      ...['910f', '910f', '9000', '6a82'],
    ]);
    expect(await bench.send('00b0000009')).toBe('084904011332547698910f');
    expect(await bench.send('8012000010')).toBe('6c0f');
    expect(await bench.send('801200000f')).toBe('d00d81030203008202818284 02011e9000'.replace(' ', ''));
    expect(await bench.statusWords('801200000f', '80f2010c00')).toEqual(['6985', '9000']); // one at a time
    expect(await bench.send(response('020300', '830100', '8402011e'))).toBe('910b');
    expect(await bench.send('801200000b')).toBe('d009810304260082028182' + '9000');
    expect(await bench.send(response('042600', '830100', '930744f001123400ff'))).toBe('9000');
    expect(await bench.statusWords('80f2010c00', '8012000001')).toEqual(['9000', '6985']);
  });

  it('91 LL ends the GET RESPONSE that ends a command', async () => {
    const bench = await new Bench().usim();
    await bench.send(profile('20'));
    expect(await bench.send('00a40004026fad')).toBe('6119');
    expect(await bench.send('00c0000019')).toMatch(/910f$/);
    expect(await bench.send('a0a40000023f00')).toBe('9f16');
    expect(await bench.send('a0c0000016')).toMatch(/910f$/);
  });

  it.each([
    ['performed', '830100', '9000'],
    ['performed with missing information', '830102', '9000'],
    ['not within its capabilities', '830130', '9000'],
    ['type not understood', '830131', '9000'],
  ])('a command that was %s is done with', async (_, result, sw) => {
    const bench = await new Bench().usim();
    await bench.statusWords(profile('20'), '801200000f');
    expect(await bench.statusWords(response('020300', result), '80f2010c00')).toEqual([sw, '9000']);
  });

  it('a command that the terminal cannot do now comes again with the next STATUS', async () => {
    const bench = await new Bench().usim();
    await bench.statusWords(profile('20'), '801200000f');
    expect(await bench.statusWords(response('020300', '83022001'), '00a4000c023f00', '80f2000c00')).toEqual([
      ...['9000', '9000', '910f'],
    ]);
  });

  it('REFRESH tells of a file that an administrator changed, with its path and application', async () => {
    const bench = await new Bench().usim();
    expect(await bench.send(profile('80'))).toBe('9000');
    await bench.send(ADM1);
    await bench.send('00a4000c026f7e');
    expect(await bench.send('00d6000001ff')).toBe('9000'); // the terminal's own affair
    await bench.send('00a4000c026f07');
    expect(await bench.send(UPDATE_IMSI)).toBe('9126');
    expect(await bench.send('8012000026')).toBe(
      `d024 8103010102 82028182 9207 01 3f007fff6f07 2f10${AID} 9000`.replaceAll(' ', ''),
    );
    expect(await bench.send(response('010102', '830100'))).toBe('9000');
  });

  it('REFRESH of several files names none; the same one twice is one; a 2G name is the file that it shows', async () => {
    const bench = await new Bench().usim();
    await bench.statusWords(profile('80'), ADM1, '00a4000c026f07');
    expect(await bench.statusWords(UPDATE_IMSI, UPDATE_IMSI)).toEqual(['9126', '9126']);
    expect(await bench.statusWords('00a4080c047f206f07', UPDATE_IMSI)).toEqual(['9126', '9126']);
    expect(await bench.statusWords('00a4080c022f08', '00d60000013c')).toEqual(['9126', '910b']);
    expect(await bench.send('801200000b')).toBe('d009810301010082028182' + '9000');
  });

  it('REFRESH follows DEACTIVATE FILE and ACTIVATE FILE too', async () => {
    const bench = await new Bench().usim();
    await bench.statusWords(profile('80'), ADM1);
    expect(await bench.send('0004000002 6f46')).toBe('9126');
  });

  it.each([
    ['no details', '8014000003 830100'],
    ['another command', response('010300', '830100')],
    ['another type', response('020100', '830100')],
    ['no result', response('020300', '')],
    ['an empty result', response('020300', '8300')],
    ['a length beyond the end', response('020300', '8305')],
    ['a length that is cut off', response('020300', '8381')],
    ['a length of three bytes', response('020300', '83820001' + '00')],
    ['a tag alone', response('020300', '83')],
    ['nothing', '8014000000'],
  ])('a TERMINAL RESPONSE with %s is 6A80, and the right one is still taken', async (_, command) => {
    const bench = await new Bench().usim();
    await bench.statusWords(profile('20'), '801200000f');
    expect(await bench.statusWords(command, response('020300', '830100'))).toEqual(['6a80', '9000']);
  });

  it('a TERMINAL RESPONSE that nobody asked for is 6985', async () => {
    const bench = await new Bench().usim();
    expect(await bench.send(response('020300', '830100'))).toBe('6985');
    await bench.send(profile('20'));
    expect(await bench.send(response('020300', '830100'))).toBe('6985');
  });

  it('local information without a location is not what was asked for', async () => {
    const bench = await new Bench().usim();
    await bench.statusWords(profile('00', '40'), '801200000b');
    expect(await bench.statusWords(response('042600', '830100'), response('042600', '83022002'))).toEqual([
      ...['6a80', '9000'],
    ]);
  });

  it.each([
    ['80c2000009 d607 190103 82028281', '9000'],
    ['80c2000003 d38101', '6a80'],
    ['80c2000003 d60100', '6a80'],
    ['80c2000004 d6021900', '9000'],
    ['80c2000004 d6021901', '6a80'],
    ['80c2000005 d681021900', '9000'],
    ['80c2000002 d600', '9000'],
    ['80c2000003 d60000', '6a80'],
    ['80c2000002 d000', '6a80'],
    ['80c2000000', '6a80'],
    ['80c2000102 d600', '6a86'],
    ['8010000000', '6700'],
    ['8010010001ff', '6a86'],
    ['8114000000', '6881'],
  ])('%s is answered %s', async (command, sw) => {
    const bench = await new Bench().usim();
    expect(await bench.send(command)).toBe(sw);
  });

  it('forgets all at reset', async () => {
    const bench = await new Bench().usim();
    await bench.send(profile('ff', 'ff'));
    await bench.reset();
    expect(await bench.statusWords('00a4000c023f00', '801200000f')).toEqual(['9000', '6985']);
  });
});
