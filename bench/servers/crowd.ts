import { RawFollower } from '../measurement/raw-follower.js';

/** How many connect at once, and whereto. */
export interface CrowdRequest {
  readonly url: string;
  readonly token: string;
  readonly followers: number;
}

/** Until the last snapshot was complete, and how long a snapshot is. */
export interface CrowdAnswer {
  readonly seconds: number;
  readonly snapshotBytes: number;
}

/** Followers in a process of their own: what they read must not delay the requests that the bench measures. */
process.on('message', (message) => {
  if (message !== 'usage') void connect(message as CrowdRequest).then((answer) => process.send!(answer));
});

async function connect({ url, token, followers }: CrowdRequest): Promise<CrowdAnswer> {
  const beganAt = performance.now();
  const crowd = Array.from({ length: followers }, () => new RawFollower(url, token));
  const completeAt = await Promise.all(crowd.map((one) => one.completeAt));
  for (const one of crowd) one.leave();
  return {
    seconds: (Math.max(...completeAt) - beganAt) / 1000,
    snapshotBytes: Math.max(...crowd.map(({ bytes }) => bytes)),
  };
}

process.stdout.write('listens at nothing\n');
setInterval(() => undefined, 60_000);
