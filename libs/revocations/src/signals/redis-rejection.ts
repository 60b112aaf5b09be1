import { REVOCATION_CHANNEL } from './revocation-signal.js';
import type { Remedy } from 'postern/persistence';

const IN_THE_MEANTIME = 'will retry and poll the database in the meantime';

/** The address in the settings is a Sentinel, which accepts a subscription and never publishes a message to it. */
export class SentinelAddressError extends Error {
  constructor() {
    super('the host is a Sentinel');
  }
}

/** Each answer of a Redis that is reachable, and the change that an operator has to make. */
const REJECTIONS: readonly (readonly [RegExp, Remedy])[] = [
  [
    /^NOPERM/,
    {
      summary: `Redis rejects the commands of the user, ${IN_THE_MEANTIME}`,
      // Redis gives a new user no channels since version 7.
      text:
        `Grant the user of \`redisUrl\` (REDIS_URL) the channel and the commands: ACL SETUSER <user> resetchannels ` +
        `&${REVOCATION_CHANNEL} +subscribe +publish +info, and for a cluster +cluster.`,
    },
  ],
  [
    /^(?:WRONGPASS|NOAUTH|ERR AUTH|ERR invalid password)/,
    {
      summary: `Redis rejects the credentials, ${IN_THE_MEANTIME}`,
      text: 'Correct user and password in `redisUrl` (REDIS_URL), percent-encoded.',
    },
  ],
  [
    /host is a Sentinel|Only HELLO messages/,
    {
      summary: `Redis publishes no announcements, ${IN_THE_MEANTIME}`,
      text:
        'The address in `redisUrl` (REDIS_URL) is a Sentinel: write redis+sentinel://host:26379,host2:26379/master, with ' +
        'the name of the master.',
    },
  ],
  [
    /cluster support disabled/,
    {
      summary: `Redis is not a cluster, ${IN_THE_MEANTIME}`,
      text: 'Write redis:// instead of redis+cluster:// in `redisUrl` (REDIS_URL).',
    },
  ],
  [
    /^All sentinels are unreachable/,
    {
      summary: `The Sentinels name no master, ${IN_THE_MEANTIME}`,
      text: 'Check the hosts and the name of the master in `redisUrl` (REDIS_URL).',
    },
  ],
];

/** The error of a node, if a cluster reports it as the cause of its own. */
export function causeOf(error: unknown): unknown {
  return (error as { lastNodeError?: Error } | undefined)?.lastNodeError ?? error;
}

/** The remedy for an error that shows that Redis is reachable; `undefined` for a lost connection or a timeout. */
export function redisRemedyFor(error: unknown): Remedy | undefined {
  if (!(error instanceof Error)) return undefined;
  return REJECTIONS.find(([pattern]) => pattern.test(error.message))?.[1];
}
