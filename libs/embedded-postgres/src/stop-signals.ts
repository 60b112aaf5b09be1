/** The signals of Ctrl-C, of a supervisor, and of a closed terminal. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const stops = new Set<() => Promise<void>>();

/**
 * Stops PostgreSQL before a signal ends this process. If the process has a listener for the signal, only that listener
 * decides: it may need the database until the end.
 *
 * @returns a function that ends this
 */
export function stopAtSignals(stop: () => Promise<void>): () => void {
  // First in the list, so that listeners of the process are still counted: `once` removes a listener before its call.
  if (stops.size === 0) for (const signal of SIGNALS) process.prependListener(signal, onSignal);
  stops.add(stop);
  return () => {
    stops.delete(stop);
    if (stops.size === 0) for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}

function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) === 1) void stopAndEnd(signal);
}

async function stopAndEnd(signal: NodeJS.Signals): Promise<void> {
  await Promise.allSettled([...stops].map((stop) => stop()));
  for (const each of SIGNALS) process.off(each, onSignal);
  // Without a listener, the signal ends the process, which the parent process can see.
  process.kill(process.pid, signal);
}
