// A stand-in for the cinema's auth service: OpenID Connect by the certified package, demo viewers, no passwords.
// Wiring only: settings, store, provider, pages, server.

import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

import { interactions } from './interaction.mjs';
import {
  STYLE_PATH, aboutPage, errorPage, style,
} from './pages.mjs';
import { createProvider } from './provider.mjs';
import { SettingsError, readSettings } from './settings.mjs';
import {
  createAdapter, dropExpired, loadKeys, openStore,
} from './store.mjs';
import { localeOf } from './texts.mjs';
import { Viewers } from './viewers.mjs';

const SWEEP_MS = 10 * 60 * 1000;
const DRAIN_MS = 3000;

const log = (level, event, fields = {}) => {
  const line = JSON.stringify({ timestamp: new Date().toISOString(), level, service: 'identity', event, ...fields });
  (level === 'error' ? console.error : console.log)(line);
};

const fail = (message) => {
  console.error(`identity provider: ${message}`);
  process.exit(1);
};

/** Headers of every answer. Forms lead back to the site, and Chromium holds `form-action` against redirects too. */
const guardHeaders = ({ issuer, client }) => {
  const targets = new Set([issuer.origin, ...[...client.redirectUris, ...client.logoutUris].map((uri) => new URL(uri).origin)]);
  return async (ctx, next) => {
    ctx.state.nonce = randomBytes(16).toString('base64');
    ctx.set('Content-Security-Policy', [
      "default-src 'none'", "style-src 'self'", 'img-src data:', `script-src 'nonce-${ctx.state.nonce}'`,
      `form-action ${[...targets].join(' ')}`, "frame-ancestors 'none'", "base-uri 'none'",
    ].join('; '));
    ctx.set('X-Content-Type-Options', 'nosniff');
    ctx.set('Referrer-Policy', 'no-referrer');
    ctx.set('Cache-Control', 'no-store');
    await next();
  };
};

const showErrors = (site) => async (ctx, next) => {
  const show = (status, error, description) => {
    ctx.status = status;
    ctx.type = 'html';
    ctx.body = errorPage(localeOf(ctx), { error, error_description: description, site });
  };
  try {
    await next();
  } catch (error) {
    if (error.expose) {
      const code = error.message === 'invalid_request' && error.name === 'SessionNotFound' ? 'session_not_found' : error.message;
      show(error.statusCode ?? 400, code, error.error_description);
    } else {
      log('error', 'server_error', { error: error.stack });
      show(500, 'server_error');
    }
    return;
  }
  if (ctx.status === 404 && !ctx.body) show(404, 'not_found');
};

const ownRoutes = (db, site) => {
  const routes = {
    '/healthz': (ctx) => { ctx.body = { status: 'ok' }; },
    '/readyz': (ctx) => {
      db.prepare('SELECT 1').get();
      ctx.body = { status: 'ok' };
    },
    '/': (ctx) => {
      ctx.type = 'html';
      ctx.body = aboutPage(localeOf(ctx), { site });
    },
    [STYLE_PATH]: (ctx) => {
      ctx.type = 'css';
      ctx.set('Cache-Control', 'public, max-age=300');
      ctx.body = style();
    },
  };
  return (ctx, next) => (['GET', 'HEAD'].includes(ctx.method) && Object.hasOwn(routes, ctx.path) ? routes[ctx.path](ctx) : next());
};

const settings = (() => {
  try {
    return readSettings(process.env);
  } catch (error) {
    if (error instanceof SettingsError) return fail(error.message);
    throw error;
  }
})();

const [db, keys] = (() => {
  try {
    return [openStore(settings.data), loadKeys(settings.data)];
  } catch (error) {
    return fail(`IDENTITY_DATA ${settings.data} cannot be used: ${error.message}; give a directory that this process may write to`);
  }
})();
const viewers = new Viewers(settings.viewers, db);
const provider = createProvider({
  settings, keys, adapter: createAdapter(db), viewers, log,
});
const site = new URL('/', settings.client.redirectUris[0]).href;

// The site's back channel may reach us under another name than browsers do; every address we hand out is the issuer's.
provider.proxy = true;
provider.use(guardHeaders(settings));
provider.use(showErrors(site));
provider.use(ownRoutes(db, site));
provider.use(interactions(provider, viewers));

const answer = provider.callback();
const server = createServer((req, res) => {
  req.headers['x-forwarded-host'] = settings.issuer.host;
  req.headers['x-forwarded-proto'] = settings.issuer.protocol.slice(0, -1);
  answer(req, res);
});

// The package looks at its clients when they are first used; looking now stops a wrong setting at the start.
for (const client of [settings.client, settings.serviceClient].filter(Boolean)) {
  try {
    await provider.Client.find(client.id);
  } catch (error) {
    fail(`client ${client.id} is not valid (IDENTITY_REDIRECT_URIS, IDENTITY_LOGOUT_URIS): ${error.error_description ?? error.message}`);
  }
}

dropExpired(db);
const sweep = setInterval(() => dropExpired(db), SWEEP_MS);

let stopping = false;
const stop = (signal) => {
  if (stopping) return;
  stopping = true;
  log('info', 'stopping', { signal });
  clearInterval(sweep);
  server.close(() => {
    db.close();
    process.exit(0);
  });
  setTimeout(() => server.closeAllConnections(), DRAIN_MS).unref();
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

server.on('error', (error) => {
  const where = `${settings.host}:${settings.port}`;
  if (error.code === 'EADDRINUSE') fail(`port ${settings.port} is taken on ${settings.host}: stop what listens there, or set IDENTITY_PORT`);
  fail(`cannot listen on ${where}: ${error.message}`);
});
server.listen(settings.port, settings.host, () => {
  log('info', 'listening', {
    address: `http://${settings.host}:${settings.port}`,
    issuer: settings.issuer.origin,
    viewers: viewers.listed.length,
    notice: 'anyone may sign in as anyone: for trying out and tests only',
  });
});
