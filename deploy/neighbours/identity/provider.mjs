// How the certified provider is set up: one first-party client, PKCE always, JWT access tokens for the API.

import Provider, { errors } from 'oidc-provider';

import { errorPage, signedOutPage, signOutPage } from './pages.mjs';
import { localeOf } from './texts.mjs';
import { claimsOf } from './viewers.mjs';

export const SCOPES = ['openid', 'profile', 'email'];
// What programs may be granted; the first says nothing to the site, which tests of refusals need.
export const SERVICE_SCOPES = ['service', 'feed', 'admin'];

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;

const clientsOf = ({ client, serviceClient }) => {
  const clients = [{
    client_id: client.id,
    client_secret: client.secret,
    client_name: 'Movie Together',
    redirect_uris: client.redirectUris,
    post_logout_redirect_uris: client.logoutUris,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    scope: [...SCOPES, 'offline_access'].join(' '),
    ...(client.backchannelLogoutUri && {
      backchannel_logout_uri: client.backchannelLogoutUri,
      backchannel_logout_session_required: true,
    }),
  }];
  if (serviceClient) {
    clients.push({
      client_id: serviceClient.id,
      client_secret: serviceClient.secret,
      redirect_uris: [],
      grant_types: ['client_credentials'],
      response_types: [],
    });
  }
  return clients;
};

// The client is the cinema's own site, so the viewer is not asked what it may know: all that was requested is granted.
const grantAtOnce = (audience) => async (ctx) => {
  const { client, session, provider, account, result } = ctx.oidc;
  const grantId = result?.consent?.grantId ?? session.grantIdFor(client.clientId);
  const existing = grantId ? await provider.Grant.find(grantId) : undefined;
  if (existing?.accountId === account.accountId) return existing;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: account.accountId });
  grant.addOIDCScope([...SCOPES, 'offline_access'].join(' '));
  grant.addResourceScope(audience, SCOPES.join(' '));
  await grant.save();
  return grant;
};

// A sign-out that proves by its hint that it comes from the very viewer who is signed in needs no question
// (OpenID Connect RP-Initiated Logout 1.0, section 2); any other asks.
const isOwnSignOut = (ctx) => {
  const hint = ctx.oidc.entities.IdTokenHint?.payload;
  return hint !== undefined && hint.sub === ctx.oidc.session.accountId;
};

export function createProvider({ settings, keys, adapter, viewers, log }) {
  const { issuer, audience } = settings;
  const site = new URL('/', settings.client.redirectUris[0]).href;

  const provider = new Provider(issuer.origin, {
    adapter,
    clients: clientsOf(settings),
    clientDefaults: { id_token_signed_response_alg: keys.jwks.keys[0].alg },
    jwks: keys.jwks,
    scopes: [...SCOPES, 'offline_access'],
    claims: { openid: ['sub'], profile: ['name', 'locale'], email: ['email', 'email_verified'] },
    responseTypes: ['code'],
    pkce: { required: () => true },
    clientBasedCORS: () => false,
    // The one address it calls, for back-channel logout, is a setting of ours, and on the machine or network of the stack: the
    // library's own dispatcher refuses those.
    fetch: (url, { dispatcher: _, ...options }) => globalThis.fetch(url, options),
    discovery: { ui_locales_supported: ['ru', 'en'] },
    cookies: {
      keys: keys.cookies,
      names: { session: 'identity_session', interaction: 'identity_interaction', resume: 'identity_resume' },
    },
    routes: { authorization: '/authorize', end_session: '/sign-out', userinfo: '/userinfo' },
    interactions: { url: (_ctx, interaction) => `/sign-in/${interaction.uid}` },
    findAccount: (_ctx, sub) => {
      const viewer = viewers.find(sub);
      return viewer && { accountId: sub, claims: () => claimsOf(viewer) };
    },
    loadExistingGrant: grantAtOnce(audience),
    issueRefreshToken: (_ctx, client, code) => (
      client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access')
    ),
    // An API token says whose it is (RFC 9068, section 2.2.2), because the userinfo endpoint refuses tokens for another audience.
    extraTokenClaims: (_ctx, token) => {
      const viewer = token.accountId && viewers.find(token.accountId);
      if (!viewer || !token.resourceServer) return undefined;
      const { sub, ...claims } = claimsOf(viewer);
      return claims;
    },
    features: {
      backchannelLogout: { enabled: true },
      devInteractions: { enabled: false },
      clientCredentials: { enabled: settings.serviceClient !== null },
      pushedAuthorizationRequests: { enabled: false },
      dPoP: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, indicator) => {
          if (indicator !== audience) throw new errors.InvalidTarget();
          return {
            audience,
            scope: [...SCOPES, ...SERVICE_SCOPES].join(' '),
            accessTokenFormat: 'jwt',
            accessTokenTTL: HOUR_S,
            jwt: { sign: { alg: keys.jwks.keys[0].alg } },
          };
        },
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = signOutPage(localeOf(ctx), { form, site, sure: isOwnSignOut(ctx), nonce: ctx.state.nonce });
        },
        postLogoutSuccessSource: (ctx) => { ctx.body = signedOutPage(localeOf(ctx), { site }); },
      },
    },
    ttl: {
      AccessToken: HOUR_S,
      AuthorizationCode: 60,
      ClientCredentials: HOUR_S,
      Grant: 14 * DAY_S,
      IdToken: HOUR_S,
      Interaction: HOUR_S,
      RefreshToken: 14 * DAY_S,
      Session: 14 * DAY_S,
    },
    renderError: (ctx, out) => {
      ctx.type = 'html';
      ctx.body = errorPage(localeOf(ctx), { ...out, site });
    },
  });

  provider.on('backchannel.error', (_ctx, error, client) => (
    log('error', 'backchannel_logout_failed', { client: client.clientId, error: error.stack, cause: String(error.cause) })
  ));
  provider.on('server_error', (_ctx, error) => log('error', 'server_error', { error: error.stack }));
  return provider;
}
