/**
 * The scripts of the Swagger UI page. They keep the token pair of a login, send the access token with each request,
 * renew the pair before it expires, and delete it when the session ends. The tokens stay in the memory of the page.
 *
 * The server sends the source of these functions to the browser. They must not refer to other code of this file, and
 * share state through the global object of the page.
 */

interface HeldTokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
}

interface Session {
  readonly tokens: HeldTokens;
  /** Epoch milliseconds. */
  readonly renewAt: number;
  readonly refreshUrl: string;
  renewal?: Promise<void>;
}

interface Page {
  posternSession?: {
    beforeRequest(request: PageRequest): Promise<PageRequest>;
    afterResponse(response: PageResponse): Promise<PageResponse>;
  };
  ui: {
    preauthorizeApiKey(scheme: string, token: string): void;
    authActions: { logout(schemes: string[]): void };
    specActions: { updateUrl(url: string): void };
  };
  document: {
    createElement(name: string): { name: string; content: string };
    querySelector(selector: string): { src: string } | null;
    head: { append(element: object): void };
  };
}

interface PageRequest {
  url: string;
  headers: Record<string, string>;
  userFetch?: typeof fetch;
}

interface PageResponse {
  url: string;
  status: number;
  body?: unknown;
}

/** Prepares the loaded page: the interceptors, the viewport of mobile browsers, and the URL of the document. */
export function preparePage(): void {
  const page = globalThis as unknown as Page;
  const viewport = Object.assign(page.document.createElement('meta'), {
    name: 'viewport',
    content: 'width=device-width, initial-scale=1',
  });
  page.document.head.append(viewport);
  // The page contains the document, and would resolve its server against the URL of the page.
  const script = page.document.querySelector('script[src$="swagger-ui-init.js"]');
  if (script !== null) page.ui.specActions.updateUrl(new URL('../docs-json', script.src).href);

  let session: Session | undefined;
  /** The access token of the last request to each URL, because a response does not include it. */
  const carried = new Map<string, string | undefined>();

  const signIn = (tokens: HeldTokens, refreshUrl: string): void => {
    session = { tokens, renewAt: Date.now() + tokens.expires_in * 900, refreshUrl };
    page.ui.preauthorizeApiKey('bearer', tokens.access_token);
  };
  const signOut = (): void => {
    session = undefined;
    page.ui.authActions.logout(['bearer']);
  };

  const exchange = async (previous: Session): Promise<void> => {
    try {
      const answer = await fetch(previous.refreshUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ refresh_token: previous.tokens.refresh_token }),
      });
      const tokens = answer.ok ? ((await answer.json()) as HeldTokens) : undefined;
      // The user has signed in or out since then.
      if (session !== previous) return;
      if (tokens !== undefined) signIn(tokens, previous.refreshUrl);
      else if (answer.status === 400 || answer.status === 401) signOut();
    } catch {
      // A network failure does not end the session. The next request retries.
    }
  };
  // Concurrent requests share one renewal, so that the page never reuses a refresh token.
  const renew = (previous: Session): Promise<void> =>
    (previous.renewal ??= exchange(previous).finally(() => {
      delete previous.renewal;
    }));

  /** Returns whether this response ends the session of the token. */
  const isEnd = ({ url, status }: PageResponse, token: string): boolean => {
    let claims: { sub?: string; sid?: string } = {};
    try {
      claims = JSON.parse(atob((token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/'))) as typeof claims;
    } catch {
      // The user has pasted an invalid token.
    }
    const ends = [
      '204 /auth/logout',
      '204 /auth/logout-all',
      `204 /auth/sessions/${claims.sid}`,
      '204 /users/me',
      `204 /users/${claims.sub}`,
      `200 /users/${claims.sub}/disable`,
    ];
    const { pathname } = new URL(url, 'http://page');
    return ends.some((end) => end.startsWith(String(status)) && pathname.endsWith(end.slice(4)));
  };

  /** Reads an event stream for five seconds, because the page shows only complete responses. */
  const fetchBeginning: typeof fetch = async (input, init) => {
    const stopping = new AbortController();
    const answer = await fetch(input, { ...init, signal: stopping.signal });
    if (!/event-stream/.test(answer.headers.get('content-type') ?? '') || answer.body === null) return answer;
    const timer = setTimeout(() => stopping.abort(), 5000);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    try {
      for (let read = await reader.read(); !read.done; read = await reader.read()) text += read.value;
    } catch {
      // The time-out has expired.
    }
    clearTimeout(timer);
    return new Response(text, answer);
  };

  page.posternSession = {
    beforeRequest: async (request) => {
      const token = request.headers['Authorization']?.replace(/^Bearer /, '');
      if (session !== undefined && token === session.tokens.access_token && request.url !== session.refreshUrl) {
        if (Date.now() >= session.renewAt) await renew(session);
        request.headers['Authorization'] = `Bearer ${session?.tokens.access_token ?? token}`;
      }
      carried.set(request.url, request.headers['Authorization']?.replace(/^Bearer /, ''));
      const accept = Object.entries(request.headers).find(([name]) => name.toLowerCase() === 'accept')?.[1];
      if (accept?.includes('text/event-stream')) request.userFetch = fetchBeginning;
      return request;
    },
    afterResponse: async (response) => {
      const signedIn = /\/auth\/(login|refresh)$/;
      const token = carried.get(response.url);
      if (response.status === 200 && signedIn.test(new URL(response.url, 'http://page').pathname)) {
        signIn(response.body as HeldTokens, response.url.replace(signedIn, '/auth/refresh'));
      } else if (token !== undefined && isEnd(response, token)) {
        signOut();
      } else if (response.status === 401 && session !== undefined && token === session.tokens.access_token) {
        // The token was revoked, and possibly the session.
        await renew(session);
      }
      return response;
    },
  };
}

/** Renews an access token that is about to expire, before the request is sent. */
export function beforeRequest(request: PageRequest): Promise<PageRequest> | PageRequest {
  return (globalThis as unknown as Page).posternSession?.beforeRequest(request) ?? request;
}

/** Stores the tokens of a login or a refresh, and deletes them when the session ends. */
export function afterResponse(response: PageResponse): Promise<PageResponse> | PageResponse {
  return (globalThis as unknown as Page).posternSession?.afterResponse(response) ?? response;
}
