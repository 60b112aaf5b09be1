/*
 * Preloaded into every measured process, including the built server. It reports the resource usage over IPC. Ratios use
 * processor time because other processes on the machine affect the elapsed time.
 */
process.on('message', (message) => {
  if (message !== 'usage') return;
  const { user, system } = process.cpuUsage();
  process.send({ cpuSeconds: (user + system) / 1e6, residentBytes: process.memoryUsage.rss() });
});
process.on('disconnect', () => process.exit());
process.channel?.unref();
