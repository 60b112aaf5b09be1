import { isNativeError } from 'node:util/types';
import { AbortableRequest } from './abortable-request.js';
import { readJsonObject } from 'postern/jws';
import { fetchPublic } from './fetch-public.js';
import { fetchWith } from './issuer-fetch.js';
import { assertPublicHost } from './public-address.js';
import type { FetchedAnswer, IssuerFetch } from './issuer-fetch.js';

const MAX_DEPTH = 16;

/** The bounds of one request. */
export interface FetchLimits {
  readonly timeoutSeconds: number;
  readonly maximumBytes: number;
  readonly allowInsecure: boolean;
  readonly signal: AbortSignal;
  /** Whether to connect only to public addresses: for a host that neither the settings nor the issuer's origin name. */
  readonly publicOnly?: boolean;
  /** Default: the built-in `fetch`. */
  readonly fetch?: IssuerFetch | undefined;
}

/** The JSON object of a response, and its `max-age`, if it has one. */
export interface FetchedJson {
  readonly body: Record<string, unknown>;
  readonly maximumAgeSeconds: number | undefined;
}

/**
 * Fetches one JSON object within a time and a size limit. It follows no redirect: through an open redirect at the
 * issuer, an attacker could supply keys.
 *
 * @throws Error that names the defect
 */
export async function fetchJson(address: URL, limits: FetchLimits): Promise<FetchedJson> {
  const attempt = new AbortableRequest(limits.signal);
  attempt.limit(
    limits.timeoutSeconds * 1000,
    `${positionOf(address)} did not answer within ${limits.timeoutSeconds} s (timeout)`,
  );
  try {
    return await answerOf(address, limits, attempt.signal);
  } finally {
    attempt.end();
  }
}

async function answerOf(address: URL, limits: FetchLimits, signal: AbortSignal): Promise<FetchedJson> {
  const response = await sendRequest(address, limits, signal);
  if (response.status !== 200)
    throw new Error(`${positionOf(address)} answered ${response.status || 'with a redirect'}`);
  const body = readJsonObject(await readBounded(response, limits.maximumBytes), MAX_DEPTH);
  if (body === undefined) throw new Error(`${positionOf(address)} is not one strict JSON object`);
  const age = /(?:^|[\s,])max-age="?(\d{1,9})/i.exec(response.headers.get('cache-control') ?? '')?.[1];
  return { body, maximumAgeSeconds: age === undefined ? undefined : Number(age) };
}

function sendRequest(
  address: URL,
  { publicOnly = false, fetch: send }: FetchLimits,
  signal: AbortSignal,
): Promise<FetchedAnswer> {
  if (publicOnly && send === undefined) return fetchPublic(address, signal);
  // A proxy resolves the name, so only an address in the URL can be checked.
  if (publicOnly) assertPublicHost(address);
  return fetchWith(send ?? fetch, address, { signal, headers: { accept: 'application/json' } });
}

function positionOf({ origin, pathname }: URL): string {
  return origin + pathname;
}

/**
 * Reads the body of a response.
 *
 * @throws Error if the body is longer than `maximumBytes`
 */
export async function readBounded(response: Pick<FetchedAnswer, 'body'>, maximumBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > maximumBytes) throw new Error(`the response is longer than ${maximumBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The message of a failed request, with its cause: the message of `fetch` alone is always `fetch failed`. */
export function failureOf(error: unknown): string {
  if (!isNativeError(error)) return 'unknown';
  // A name with several addresses fails with one error for each of them.
  const cause: unknown = isNativeError(error.cause) && 'errors' in error.cause ? firstOf(error.cause) : error.cause;
  return isNativeError(cause) ? `${error.message} (${cause.message})` : error.message;
}

function firstOf({ errors }: { errors: unknown }): unknown {
  return Array.isArray(errors) ? (errors[0] as unknown) : undefined;
}
