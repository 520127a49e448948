// Several servers: what each may do with an instance, whose an instance is, and what is each server's own.
import { beforeEach, describe, expect, test } from 'vitest';
import { Lwm2mFormat } from '../../host/kit/index.js';
import { DELETE, GET, Lab, POST, PUT, dotted, kit, text, type Parts } from './lab.js';

const { SenmlJson, Text, Link } = Lwm2mFormat;
const R = 1;
const W = 2;
const E = 4;
const D = 8;
const C = 16;

let lab: Lab;
beforeEach(() => {
  lab = new Lab();
  create(7);
  kit.lwm2mObjectsJournal();
});
const create = (id: number): string =>
  dotted(
    lab.ask(POST, '/33000', {
      format: SenmlJson,
      body: `[{"bn":"/33000/${id}/","n":"0","vs":"a"},{"n":"10","vs":"w"}]`,
    }),
  );
function as(ssid: number, method: number, path: string, parts: Parts = {}): string {
  kit.lwm2mObjectsServer(ssid);
  const answer = dotted(lab.ask(method, path, parts));
  kit.lwm2mObjectsServer(1);
  return answer;
}

describe('a server with all rights but one', () => {
  const ALL: readonly [string, number, number, string, Parts, string][] = [
    ['reads an instance', R, GET, '/33000/7', {}, '2.05'],
    ['reads a resource', R, GET, '/33000/7/0', {}, '2.05'],
    ['sets attributes', R, PUT, '/33000/7', { query: 'pmin=1' }, '2.04'],
    ['writes a resource', W, PUT, '/33000/7/0', { body: 'x' }, '2.04'],
    ['writes an instance', W, POST, '/33000/7', { format: SenmlJson, body: '[{"n":"/33000/7/0","vs":"x"}]' }, '2.04'],
    ['executes', E, POST, '/33000/7/5', {}, '2.04'],
    ['deletes', D, DELETE, '/33000/7', {}, '2.02'],
  ];
  test.each(ALL)('%s only with it', (_what, right, method, path, parts, code) => {
    kit.lwm2mObjectsAllow(33_000, 7, 2, (R | W | E | D | C) & ~right);
    expect(as(2, method, path, parts)).toBe('4.01');
    expect(kit.lwm2mObjectsJournal()).toEqual([]);
    kit.lwm2mObjectsAllow(33_000, 7, 2, right);
    expect(as(2, method, path, parts)).toBe(code);
  });

  test('creates only with it, and owns what it has created', () => {
    const body = '[{"bn":"/33000/3/","n":"0","vs":"a"},{"n":"10","vs":"w"}]';
    kit.lwm2mObjectsAllow(33_000, -1, 2, R | W | E | D);
    expect(as(2, POST, '/33000', { format: SenmlJson, body })).toBe('4.01');
    kit.lwm2mObjectsAllow(33_000, -1, 2, C);
    expect(as(2, POST, '/33000', { format: SenmlJson, body })).toBe('2.01');
    expect(kit.lwm2mObjectsJournal()).toEqual(['owned /33000/3 2', 'changed/33000/3']);
    expect(as(2, DELETE, '/33000/3')).toBe('2.02');
    expect(kit.lwm2mObjectsJournal()).toEqual(['disowned /33000/3', 'changed/33000/3']);
  });
});

test('of an object those instances are read that may be; none of them is 4.01; Discover shows all', () => {
  create(2);
  kit.lwm2mObjectsAllow(33_000, 7, 2, 0);
  kit.lwm2mObjectsServer(2);
  const read = text(lab.ask(GET, '/33000', { accept: SenmlJson }));
  expect(read).toContain('2/0');
  expect(read).not.toContain('7/0');
  expect(text(lab.ask(GET, '/33000', { accept: Link }))).toContain('</33000/7>');
  kit.lwm2mObjectsAllow(33_000, 2, 2, 0);
  expect(dotted(lab.ask(GET, '/33000', { accept: SenmlJson }))).toBe('4.01');
});

test('int-951: attributes are of the server that has set them', () => {
  lab.ask(PUT, '/33000/7', { query: 'pmin=5' });
  as(2, PUT, '/33000/7', { query: 'pmin=9&pmax=20' });
  const found = (): string => text(lab.ask(GET, '/33000/7', { accept: Link })).split(',')[0] ?? '';
  expect(found()).toBe('</33000/7>;pmin=5');
  kit.lwm2mObjectsServer(2);
  expect(found()).toBe('</33000/7>;pmin=9;pmax=20');
  lab.ask(PUT, '/33000/7', { query: 'pmin&pmax' });
  expect(found()).toBe('</33000/7>');
  kit.lwm2mObjectsServer(1);
  expect(found()).toBe('</33000/7>;pmin=5');
});

test('what is there comes before what is allowed: 4.04 of what is not', () => {
  kit.lwm2mObjectsAllow(33_000, 7, 2, 0);
  expect(as(2, GET, '/33000/8')).toBe('4.04');
  expect(as(2, GET, '/33000/7/99')).toBe('4.04');
  expect(as(2, GET, '/33000/7/0', { accept: Text })).toBe('4.01');
});
