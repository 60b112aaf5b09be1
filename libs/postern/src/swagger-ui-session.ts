/**
 * What runs inside the Swagger UI page: it keeps the token pair that a sign-in answers, authorises the page with it,
 * renews it before it expires and drops it at log-out. The tokens stay in the page's memory and go with the tab.
 *
 * These two functions are sent to the browser as text, so each must be complete in itself: they share their state through
 * the page's global object and refer to nothing of this file.
 */

interface HeldTokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
}

interface Page {
  posternSession?: { tokens: HeldTokens; renewAt: number; refreshUrl: string; renewal?: Promise<void> };
  ui: {
    preauthorizeApiKey(scheme: string, token: string): void;
    authActions: { logout(schemes: string[]): void };
  };
  fetch: typeof fetch;
}

interface PageRequest {
  url: string;
  headers: Record<string, string>;
}

interface PageResponse {
  url: string;
  status: number;
  body?: unknown;
}

/** Renews an access token that is about to expire, before the request that needs it leaves the page. */
export async function renewBeforeRequest(request: PageRequest): Promise<PageRequest> {
  const page = globalThis as unknown as Page;
  const session = page.posternSession;
  if (session === undefined || request.url === session.refreshUrl) return request;
  if (request.headers['Authorization'] !== `Bearer ${session.tokens.access_token}`) return request;
  if (Date.now() >= session.renewAt) {
    // Requests that come together share one renewal: the page never presents a spent refresh token.
    session.renewal ??= (async () => {
      const answer = await page.fetch(session.refreshUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ refresh_token: session.tokens.refresh_token }),
      });
      if (answer.ok) {
        const tokens = (await answer.json()) as HeldTokens;
        const renewAt = Date.now() + tokens.expires_in * 900;
        page.posternSession = { tokens, renewAt, refreshUrl: session.refreshUrl };
        page.ui.preauthorizeApiKey('bearer', tokens.access_token);
      } else {
        delete page.posternSession;
        page.ui.authActions.logout(['bearer']);
      }
    })();
    await session.renewal;
  }
  const current = page.posternSession;
  if (current !== undefined) request.headers['Authorization'] = `Bearer ${current.tokens.access_token}`;
  return request;
}

/** Authorises the page with the tokens of a sign-in or a refresh, and takes them away when the session ends. */
export function followSession(response: PageResponse): PageResponse {
  const page = globalThis as unknown as Page;
  const path = new URL(response.url, 'http://page').pathname;
  if (/\/auth\/(login|refresh)$/.test(path) && response.status === 200) {
    const tokens = response.body as HeldTokens;
    const refreshUrl = response.url.replace(/\/auth\/(login|refresh)$/, '/auth/refresh');
    page.posternSession = { tokens, renewAt: Date.now() + tokens.expires_in * 900, refreshUrl };
    page.ui.preauthorizeApiKey('bearer', tokens.access_token);
  }
  if (/\/auth\/logout(-all)?$/.test(path) && response.status === 204) {
    delete page.posternSession;
    page.ui.authActions.logout(['bearer']);
  }
  return response;
}
