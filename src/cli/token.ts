import { parseArgs } from 'node:util';
import { isScopeToken } from 'postern/jws';
import { runCommand } from './run-command.js';
import type { ServerConfig } from '../config/server-config.js';
import type { ServiceTokenRequest } from './issue-service-token.js';

const USAGE = `npm run --silent token -- --scope <scope> --subject <service> [--seconds <lifetime>] [--audience <audience>]

Prints an access token for a service, signed with the keys of this server. It needs the environment and the database of the server.
  --scope     a scope, for example revocations:read; may be repeated
  --subject   the service: the \`sub\` and the \`client_id\` of the token
  --seconds   the lifetime; default and maximum: POSTERN_SERVICE_TOKEN_SECONDS
  --audience  the \`aud\` of the token; default: POSTERN_AUDIENCE; may be repeated
`;

/** @throws Error with the permitted arguments */
function requestOf(config: ServerConfig, args: string[]): ServiceTokenRequest {
  const { values } = parseArgs({
    args,
    options: {
      scope: { type: 'string', multiple: true },
      subject: { type: 'string' },
      seconds: { type: 'string' },
      audience: { type: 'string', multiple: true },
    },
  });
  const scopes = (values.scope ?? []).flatMap((scope) => scope.split(/[ ,]+/)).filter((scope) => scope !== '');
  const seconds = values.seconds ?? String(config.serviceTokenSeconds);
  // Number() would read 1e3, 0x10 and the empty text as well.
  const lifetimeSeconds = /^\d+$/.test(seconds) ? Number(seconds) : 0;
  if (scopes.length === 0 || !scopes.every(isScopeToken)) {
    throw new Error('--scope must name a scope, such as revocations:read.');
  }
  if (!values.subject?.trim()) throw new Error('--subject must name the service that the token is for.');
  if (values.audience?.some((audience) => audience.trim() === '')) {
    throw new Error('--audience must not be empty.');
  }
  if (!(lifetimeSeconds > 0 && lifetimeSeconds <= config.serviceTokenSeconds)) {
    throw new Error(`--seconds must be a whole number from 1 to ${config.serviceTokenSeconds}.`);
  }
  return { scopes, subject: values.subject, lifetimeSeconds, audience: values.audience };
}

async function token(config: ServerConfig, args: string[]): Promise<string> {
  const request = requestOf(config, args);
  // Loading the server takes a second, so validate the arguments first.
  const { issueServiceToken } = await import('./issue-service-token.js');
  return `${await issueServiceToken(request, config)}\n`;
}

await runCommand(token, USAGE);
