// The log-in: HTTP calls, tokens and their renewal.

import { ConnectionLost, ServerError } from '../codec/frames.js';
import { counters, during, note } from '../probe.js';

const renewBefore = 60_000;
const renewAtMostEvery = 30_000;
const grantKey = 'grant';

/** `onEnded(reason)` is called when the server does not know the session any more. */
export function createSession({ base, storage, clock, onEnded }) {
  let grant = null;
  let cancelRenewal = () => {};

  async function call(method, path, { body, token } = {}) {
    counters.requests += 1;
    const headers = {};
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (token) headers.Authorization = `Bearer ${token}`;
    return during(async () => {
      let response;
      let answer;
      try {
        response = await fetch(new URL(path, base), {
          method,
          headers,
          body: body === undefined ? undefined : JSON.stringify(body),
          cache: 'no-store',
          credentials: 'omit',
          redirect: 'error',
        });
        answer = await response.json();
      } catch (error) {
        throw new ConnectionLost('The server cannot be reached.');
      }
      if (!response.ok) throw new ServerError(answer.code ? answer : { code: response.status * 100 });
      return answer;
    });
  }

  async function adopt(next) {
    grant = next;
    planRenewal();
    await storage.keepSetting(grantKey, next);
  }

  function planRenewal() {
    cancelRenewal();
    // The server's clock may differ from ours, so renewal by time is a kindness; a refused token renews as well.
    const wait = Math.max(renewAtMostEvery, grant.access_expires - clock.now() - renewBefore);
    cancelRenewal = clock.after(Math.min(wait, 2 ** 31 - 1), () => renew().catch(() => {}));
  }

  /** One tab renews, the others take what it got: the old refresh token is dead after its first use. */
  async function renew() {
    const stale = grant;
    await exclusively(async () => {
      const stored = await storage.setting(grantKey);
      if (stored && stored.session === stale.session && stored.access_token !== stale.access_token) {
        grant = stored;
        planRenewal();
        return;
      }
      try {
        await adopt(await call('POST', 'v1/refresh', { body: { refresh_token: stale.refresh_token } }));
        note('renewed');
      } catch (error) {
        if (error instanceof ServerError && error.retry !== 'later') end(error);
        throw error;
      }
    });
  }

  function end(error) {
    if (!grant) return;
    grant = null;
    cancelRenewal();
    storage.keepSetting(grantKey, null);
    onEnded(error);
  }

  return {
    get grant() {
      return grant;
    },
    async restore() {
      grant = (await storage.setting(grantKey)) ?? null;
      if (grant) planRenewal();
      return grant;
    },
    async enter(path, name, password) {
      const next = await call('POST', path, { body: { name, password, device: deviceName() } });
      await adopt(next);
      return next;
    },
    /** A call in the user's name; a token that was refused is renewed once. */
    async authorized(method, path, body) {
      if (!grant) throw new ConnectionLost('not logged in');
      const token = grant.access_token;
      try {
        return await call(method, path, { body, token });
      } catch (error) {
        if (!(error instanceof ServerError) || error.code < 40100 || error.code >= 40200) throw error;
        if (!grant) throw error;
        await renew();
        return call(method, path, { body, token: grant.access_token });
      }
    },
    end,
    /** Another tab has left: what is kept is gone already. */
    forget() {
      grant = null;
      cancelRenewal();
    },
    /** Leaves here first: a server that cannot be reached must not keep anyone logged in on this machine. */
    async leave() {
      const last = grant;
      grant = null;
      cancelRenewal();
      await storage.clear();
      if (last) await call('POST', 'v1/logout', { token: last.access_token }).catch(() => {});
    },
  };
}

async function exclusively(work) {
  // Locks are missing outside secure contexts: then tabs may renew at once, and the slower one logs in again.
  return navigator.locks ? navigator.locks.request('parley-renew', work) : work();
}

function deviceName() {
  const system = /Android|iPhone|iPad|Windows|Mac OS X|CrOS|Linux/.exec(navigator.userAgent)?.[0] ?? 'unknown system';
  const browser = /Firefox|Edg|Chrome|Safari/.exec(navigator.userAgent)?.[0] ?? 'Browser';
  return `${browser} on ${system}`;
}
