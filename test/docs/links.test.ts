import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDERS = ['assembly', 'bench', 'docs', 'examples', 'host', 'runtime', 'test', 'tools'];

/** Files of a user's own project, which documents name, too. */
const OF_A_PROJECT = new Set(['assembly/index.ts']);

/** Every document of the project, by its path from the root. */
const DOCUMENTS = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** The heading's anchor, as GitHub makes it. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

/** Fenced blocks are no prose: nothing in them is a link. */
const prose = (text: string): string => text.replaceAll(/^```.*?^```$/gms, '');

function brokenLinks(document: string): string[] {
  const text = prose(readFileSync(join(ROOT, document), 'utf8'));
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return links.filter((target) => {
    if (/^https?:/.test(target)) return false;
    const [path = '', fragment] = target.split('#');
    const file = path === '' ? join(ROOT, document) : join(ROOT, dirname(document), path);
    if (!existsSync(file)) return true;
    if (fragment === undefined) return false;
    const headings = prose(readFileSync(file, 'utf8')).matchAll(/^#+ (.*)$/gm);
    return ![...headings].some(([, heading = '']) => anchor(heading) === fragment);
  });
}

/** Paths of the source in backticks, such as `host/world.ts`; patterns and places in them are left alone. */
function missingPaths(document: string): string[] {
  const text = prose(readFileSync(join(ROOT, document), 'utf8'));
  const spans = [...text.matchAll(/`([\w./-]+)`/g)].map(([, span = '']) => span);
  const paths = spans.filter((span) => FOLDERS.some((folder) => span.startsWith(`${folder}/`)));
  return paths.filter((path) => !OF_A_PROJECT.has(path) && !existsSync(join(ROOT, path)));
}

describe('documents name what is there', () => {
  test.each(DOCUMENTS)('%s: every relative link leads to a file and a heading', (document) => {
    expect(brokenLinks(document)).toEqual([]);
  });

  test.each(DOCUMENTS)('%s: every path of the source exists', (document) => {
    expect(missingPaths(document)).toEqual([]);
  });

  test('every document in docs/ is linked from another one', () => {
    const linked = new Set(
      DOCUMENTS.flatMap((document) =>
        [...readFileSync(join(ROOT, document), 'utf8').matchAll(/\]\(([^)\s#]+)/g)].map(([, target = '']) =>
          relative(ROOT, join(ROOT, dirname(document), target)),
        ),
      ),
    );
    expect(DOCUMENTS.filter((document) => document.startsWith('docs/') && !linked.has(document))).toEqual([]);
  });
});
