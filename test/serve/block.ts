import { createServer } from 'node:net';

/** Second bytes of a platform's addresses, some for each test file: two of them may look for one at the same time. */
export const BLOCKS = {
  loopback: [128, 131],
  serve: [132, 169],
  start: [170, 189],
  wakaama: [190, 202],
  kill: [203, 209],
  inventory: [210, 254],
} as const;

const last = new Map<keyof typeof BLOCKS, number>();

/** The next one of the file's where nobody on this computer listens; other processes may run the same tests. */
export async function freeBlock(file: keyof typeof BLOCKS): Promise<number> {
  const [first, end] = BLOCKS[file];
  const count = end - first + 1;
  let index = last.get(file) ?? process.pid % count;
  do index = (index + 1) % count;
  while (!(await isFree(`127.${first + index}.0.1`, 8080)));
  last.set(file, index);
  return first + index;
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer().once('error', () => resolve(false));
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });
}
