let interrupt: (() => void) | undefined;

/**
 * When the reader of our output goes away (`akari serve | head`), a job that runs until it is interrupted is interrupted;
 * any other command ends, as programs do by SIGPIPE.
 */
export function endWithReader(): void {
  let isTold = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
    if (isTold) return;
    isTold = true;
    if (interrupt === undefined) process.exit(1);
    interrupt();
  });
}

/** Runs a job that goes on until a person (Ctrl-C) or a supervisor (SIGTERM) ends it; the signal then says so. */
export async function untilInterrupted<T>(job: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  process.once('SIGINT', abort).once('SIGTERM', abort);
  interrupt = abort;
  try {
    return await job(stop.signal);
  } finally {
    interrupt = undefined;
    process.off('SIGINT', abort).off('SIGTERM', abort);
  }
}
