import { RawFollower } from '../measurement/raw-follower.js';

/** The number of followers and the URL of the feed. */
export interface CrowdRequest {
  readonly url: string;
  readonly token: string;
  readonly followers: number;
}

/** Seconds until the last snapshot was complete, and the size of a snapshot. */
export interface CrowdAnswer {
  readonly seconds: number;
  readonly snapshotBytes: number;
}

/** Followers in a separate process, so that their work does not delay the measured requests. */
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
