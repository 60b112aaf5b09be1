/*
 * Preloaded into every process that is measured, the shipped server among them: answers over IPC what it has used so far.
 * Processor time is what ratios are made of, for the time on the wall also depends on whoever else is using the machine.
 */
process.on('message', (message) => {
  if (message !== 'usage') return;
  const { user, system } = process.cpuUsage();
  process.send({ cpuSeconds: (user + system) / 1e6, residentBytes: process.memoryUsage.rss() });
});
process.on('disconnect', () => process.exit());
process.channel?.unref();
