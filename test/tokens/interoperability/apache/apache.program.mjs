/** Runs Apache with oauth2.conf on a free port, and answers for its tokens like the other programs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

const [jwksUri, issuer, audience] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'postern-apache-'));
const free = createServer().listen(0, '127.0.0.1');
await once(free, 'listening');
const { port } = free.address();
await new Promise((resolve) => free.close(resolve));

const modules = ['mpm_event', 'authn_core', 'authz_core', 'headers', 'oauth2'];
const settings = `
ServerRoot "${folder}"
DefaultRuntimeDir "${folder}"
ServerName 127.0.0.1
PidFile "${folder}/pid"
ErrorLog "${folder}/log"
Listen 127.0.0.1:${port}
${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
StartServers 1
ServerLimit 1
MaxRequestWorkers 25
DocumentRoot "${folder}"
Header always set X-Subject "expr=%{REMOTE_USER}"
Define JWKS_URI ${jwksUri}
Define ISSUER ${issuer}
Define AUDIENCE ${audience}
Include "${join(import.meta.dirname, 'oauth2.conf')}"
`;
writeFileSync(join(folder, 'httpd.conf'), process.getuid() === 0 ? `User www-data\n${settings}` : settings);
// Apache's own user enters the folder, which has no page: a token that Apache accepts gets 403.
chmodSync(folder, 0o755);

const apache = spawn('/usr/sbin/apache2', ['-X', '-f', join(folder, 'httpd.conf')], { stdio: ['ignore', 2, 2] });
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const stopped = once(apache, 'exit');

const url = `http://127.0.0.1:${port}/`;
const isUp = async () =>
  fetch(url).then(
    () => true,
    () => false,
  );
for (let tries = 0; !(await isUp()); tries += 1) {
  if (apache.exitCode !== null || tries > 200) throw new Error('Apache did not start');
  await delay(25);
}
for await (const token of createInterface(process.stdin)) {
  const { status, headers } = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  console.log(status === 401 ? `rejected: ${headers.get('www-authenticate')}` : headers.get('x-subject'));
}
apache.kill('SIGTERM');
await stopped;
