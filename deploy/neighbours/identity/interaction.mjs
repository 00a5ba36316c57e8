// The steps a viewer takes here: see who there is, pick one or enter an address, or go back without signing in.

import { errors } from 'oidc-provider';

import { signInPage } from './pages.mjs';
import { localeOf } from './texts.mjs';

const BODY_LIMIT = 4096;
const PATH = /^\/sign-in\/([\w-]{1,64})(\/cancel)?$/;

async function formOf(req) {
  const chunks = [];
  let size = 0;
  for await (const chunk of req) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new errors.InvalidRequest('the form is too large');
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

export function interactions(provider, viewers) {
  const interactionOf = async (ctx, uid) => {
    const interaction = await provider.interactionDetails(ctx.req, ctx.res);
    if (interaction.uid !== uid) throw new errors.SessionNotFound('interaction session not found');
    // Consent is granted at once, so signing in is the only thing ever asked.
    if (interaction.prompt.name !== 'login') throw new errors.InvalidRequest(`prompt ${interaction.prompt.name} is not known`);
    return interaction;
  };

  const showForm = (ctx, { uid, params }, extra = {}) => {
    ctx.type = 'html';
    ctx.body = signInPage(localeOf(ctx, params.ui_locales), { uid, viewers: viewers.listed, hint: params.login_hint, ...extra });
  };

  const finish = async (ctx, result) => {
    const returnTo = await provider.interactionResult(ctx.req, ctx.res, result, { mergeWithLastSubmission: false });
    ctx.status = 303;
    ctx.redirect(returnTo);
  };

  const signIn = async (ctx, interaction) => {
    const form = await formOf(ctx.req);
    const email = form.get('email');
    const viewer = email === null
      ? viewers.find(form.get('viewer') ?? '')
      : viewers.withEmail(email, localeOf(ctx, interaction.params.ui_locales));
    if (viewer) return finish(ctx, { login: { accountId: viewer.sub, remember: true } });
    ctx.status = 422;
    return showForm(ctx, interaction, email === null ? { problem: 'unknownViewer' } : { problem: 'badEmail', hint: email });
  };

  return async (ctx, next) => {
    const match = PATH.exec(ctx.path);
    if (!match) return next();
    const [, uid, cancel] = match;
    const interaction = await interactionOf(ctx, uid);
    if (ctx.method === 'GET' && !cancel) return showForm(ctx, interaction);
    if (ctx.method === 'POST' && !cancel) return signIn(ctx, interaction);
    if (ctx.method === 'POST') {
      return finish(ctx, { error: 'access_denied', error_description: 'the viewer chose not to sign in' });
    }
    return next();
  };
}
