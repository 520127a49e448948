// Same as `akari build`.
import { spawnSync } from 'node:child_process';
process.exitCode =
  spawnSync('node', ['dist/host/cli/main.js', 'build', ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 1;
