import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as abi from '../../host/board/abi.js';

const header = readFileSync('runtime/include/akari_abi.h', 'utf8');

const VALUE_TYPES: Record<string, string | null> = { int32_t: 'i32', akari_ptr: 'i32', int64_t: 'i64', void: null };

/** The imports that the header declares, in the form of abi.ts. */
function declaredImports(): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [, result = '', name = '', list = ''] of header.matchAll(/^(\w+) akari_(\w+)\(([^)]*)\);/gm)) {
    const params = list === 'void' ? [] : list.split(',').map((param) => VALUE_TYPES[param.trim().split(' ')[0] ?? '']);
    found[name] = { params, result: VALUE_TYPES[result] };
  }
  return found;
}

/** `HangUp` as the header writes it. */
const upper = (name: string): string => name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();

function constants(tag: string): Record<string, number> {
  const body = new RegExp(`enum akari_${tag} \\{([^}]*)\\}`).exec(header)?.[1];
  if (body === undefined) throw new Error(`no enum akari_${tag}`);
  return Object.fromEntries([...body.matchAll(/^\s*(\w+) = (-?\d+),/gm)].map(([, key, value]) => [key, Number(value)]));
}

describe('the board ABI is the same in C and TypeScript', () => {
  it('has the same imports with the same types', () => {
    expect(declaredImports()).toEqual(abi.BOARD_IMPORTS);
  });

  it('has the same ABI number', () => {
    expect(header).toContain(`#define AKARI_BOARD_ABI ${abi.BOARD_ABI}\n`);
  });

  it.each([
    ['status', 'AKARI_', abi.Status],
    ['uart_format', 'AKARI_UART_FORMAT_', abi.UartFormat],
    ['uart_event', 'AKARI_UART_EVENT_', abi.UartEvent],
    ['net_kind', 'AKARI_NET_KIND_', abi.NetKind],
    ['net_state', 'AKARI_NET_STATE_', abi.NetState],
    ['restart_cause', 'AKARI_RESTART_CAUSE_', abi.RestartCause],
    ['log_level', 'AKARI_LOG_LEVEL_', abi.LogLevel],
  ] as const)('has the same %s', (tag, prefix, table) => {
    const wanted = Object.fromEntries(Object.entries(table).map(([name, value]) => [prefix + upper(name), value]));
    expect(constants(tag)).toEqual(wanted);
  });
});
