import { AbortableRequest } from './abortable-request.js';
import { readJsonObject } from 'postern/jws';
import { fetchPublic } from './fetch-public.js';
import type { FetchedAnswer } from './fetch-public.js';

const MAX_DEPTH = 16;

/** The bounds of one request. */
export interface FetchLimits {
  readonly timeoutSeconds: number;
  readonly maximumBytes: number;
  readonly allowInsecure: boolean;
  readonly signal: AbortSignal;
  /** Whether only public addresses are connected to: for a host that is named by neither the settings nor the issuer's own origin. */
  readonly publicOnly?: boolean;
}

/** An answer: the object, and how long `Cache-Control` allows to keep it, if it says so. */
export interface FetchedJson {
  readonly body: Record<string, unknown>;
  readonly maximumAgeSeconds: number | undefined;
}

/**
 * Fetches one JSON object within bounds of time and size, and follows no redirect: an open redirect at the issuer must not become
 * a key of somebody else.
 *
 * @throws Error that names the defect
 */
export async function fetchJson(address: URL, limits: FetchLimits): Promise<FetchedJson> {
  const attempt = new AbortableRequest(limits.signal);
  attempt.limit(limits.timeoutSeconds * 1000, `${positionOf(address)} has not answered in ${limits.timeoutSeconds} s`);
  try {
    return await answerOf(address, limits, attempt.signal);
  } finally {
    attempt.end();
  }
}

async function answerOf(address: URL, limits: FetchLimits, signal: AbortSignal): Promise<FetchedJson> {
  const { maximumBytes, publicOnly = false } = limits;
  const response: FetchedAnswer = publicOnly
    ? await fetchPublic(address, signal)
    : await fetch(address, { redirect: 'manual', signal, headers: { accept: 'application/json' } });
  if (response.status !== 200)
    throw new Error(`${positionOf(address)} answered ${response.status || 'with a redirect'}`);
  const body = readJsonObject(await readBounded(response, maximumBytes), MAX_DEPTH);
  if (body === undefined) throw new Error(`${positionOf(address)} is not one strict JSON object`);
  const age = /(?:^|[\s,])max-age="?(\d{1,9})/i.exec(response.headers.get('cache-control') ?? '')?.[1];
  return { body, maximumAgeSeconds: age === undefined ? undefined : Number(age) };
}

function positionOf({ origin, pathname }: URL): string {
  return origin + pathname;
}

/**
 * The body of an answer, if it is not longer than allowed.
 *
 * @throws Error
 */
export async function readBounded(response: Pick<FetchedAnswer, 'body'>, maximumBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > maximumBytes) throw new Error(`the answer is longer than ${maximumBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
