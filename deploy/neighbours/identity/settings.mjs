// What the provider is told by its environment; it stops at the start and names what is missing.

import { readFileSync } from 'node:fs';

export class SettingsError extends Error {}

const required = (env, name, remedy) => {
  const value = env[name]?.trim();
  if (!value) throw new SettingsError(`${name} is not set: ${remedy}`);
  return value;
};

const urls = (env, name, remedy) => required(env, name, remedy).split(',').map((part) => {
  const url = URL.parse(part.trim());
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new SettingsError(`${name} has ${JSON.stringify(part.trim())}, which is not an http(s) address: ${remedy}`);
  }
  return part.trim();
});

const issuerOf = (env) => {
  const remedy = 'give the origin by which browsers reach this provider, for example http://localhost:8082';
  const value = required(env, 'IDENTITY_ISSUER', remedy);
  const url = URL.parse(value);
  if (!url || !['http:', 'https:'].includes(url.protocol) || value !== url.origin) {
    throw new SettingsError(`IDENTITY_ISSUER is ${JSON.stringify(value)}, which is not an origin: ${remedy}`);
  }
  return url;
};

const portOf = (env) => {
  const value = env.IDENTITY_PORT?.trim() || '8082';
  const port = Number(value);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new SettingsError(`IDENTITY_PORT is ${JSON.stringify(value)}, which is not a port: give a number from 1 to 65535`);
  }
  return port;
};

const viewersOf = (env) => {
  const remedy = 'give the path of a JSON list of {sub, name, email, locale}';
  const path = required(env, 'IDENTITY_VIEWERS', remedy);
  let viewers;
  try {
    viewers = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new SettingsError(`IDENTITY_VIEWERS cannot be read: ${error.message}; ${remedy}`);
  }
  if (!Array.isArray(viewers) || viewers.length === 0) {
    throw new SettingsError(`IDENTITY_VIEWERS: ${path} is not a list with viewers in it; ${remedy}`);
  }
  return viewers.map(({ sub, name, email, locale }, index) => {
    for (const [field, value] of Object.entries({ sub, name, email, locale })) {
      if (typeof value !== 'string' || value === '') {
        throw new SettingsError(`IDENTITY_VIEWERS: ${path}, viewer ${index + 1} has no ${field}; ${remedy}`);
      }
    }
    return { sub, name, email: email.toLowerCase(), locale };
  });
};

const serviceClientOf = (env) => {
  const id = env.IDENTITY_SERVICE_CLIENT_ID?.trim();
  if (!id) return null;
  const remedy = 'a service client needs its secret; unset IDENTITY_SERVICE_CLIENT_ID to have none';
  return { id, secret: required(env, 'IDENTITY_SERVICE_CLIENT_SECRET', remedy) };
};

export function readSettings(env) {
  return {
    issuer: issuerOf(env),
    host: env.IDENTITY_HOST?.trim() || '127.0.0.1',
    port: portOf(env),
    data: required(env, 'IDENTITY_DATA', 'give a directory for keys and sign-ins that is kept between runs'),
    viewers: viewersOf(env),
    audience: required(env, 'IDENTITY_AUDIENCE', 'give the audience of access tokens, for example urn:movie-together:api'),
    client: {
      id: required(env, 'IDENTITY_CLIENT_ID', 'give the client id of the site, for example movie-together'),
      secret: required(env, 'IDENTITY_CLIENT_SECRET', 'give the secret that the site shares with this provider'),
      redirectUris: urls(env, 'IDENTITY_REDIRECT_URIS', 'list the addresses to come back to, {PUBLIC_URL}/auth/callback'),
      backchannelLogoutUri: env.IDENTITY_BACKCHANNEL_LOGOUT_URI?.trim()
        ? urls(env, 'IDENTITY_BACKCHANNEL_LOGOUT_URI', 'give the address that is told of sign-outs, {API}/auth/back-channel-logout')[0]
        : null,
      logoutUris: urls(env, 'IDENTITY_LOGOUT_URIS', 'list the addresses to return to after signing out, {PUBLIC_URL}/'),
    },
    serviceClient: serviceClientOf(env),
  };
}
