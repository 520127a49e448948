// Programs that tests start end with them: also when a test fails before it says so, or runs out of time.

import type { ChildProcess } from 'node:child_process';

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** The same program; it is killed when the tests of this file are over, if it still runs then. */
export function endsWithTests<C extends ChildProcess>(child: C): C {
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}
