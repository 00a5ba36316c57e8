// The pages a viewer sees here. Everything shown is escaped; styles and scripts carry the response's CSP nonce.

import { readFileSync } from 'node:fs';

import { textsOf } from './texts.mjs';

const STYLE = readFileSync(new URL('style.css', import.meta.url), 'utf8');
const ESCAPES = {
  '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;',
};
const HUES = 6;

export const escaped = (text) => String(text).replace(/[&<>"']/g, (character) => ESCAPES[character]);

export const STYLE_PATH = '/style.css';
export const style = () => STYLE;

const layout = (locale, title, body) => `<!doctype html>
<html lang="${locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark">
<meta name="robots" content="noindex">
<title>${escaped(title)}</title>
<link rel="stylesheet" href="${STYLE_PATH}">
<link rel="icon" href="data:,">
</head>
<body><main><p class="brand">${textsOf(locale).brand}</p>${body}</main></body>
</html>`;

const initialsOf = (name) => name.split(/\s+/u).slice(0, 2).map((word) => [...word][0] ?? '').join('').toUpperCase();

const viewerButton = ({ sub, name, email }, index) => `
<li><button class="viewer" name="viewer" value="${escaped(sub)}">
<span class="face hue-${index % HUES}" aria-hidden="true">${escaped(initialsOf(name))}</span>
<span class="who"><b>${escaped(name)}</b><span>${escaped(email)}</span></span>
</button></li>`;

export function signInPage(locale, { uid, viewers, hint = '', problem = null }) {
  const t = textsOf(locale);
  const action = `/sign-in/${encodeURIComponent(uid)}`;
  return layout(locale, t.title, `
<h1>${t.heading}</h1>
<p class="lead">${t.lead}</p>
${problem === 'unknownViewer' ? `<p class="problem" role="alert">${t[problem]}</p>` : ''}
<form method="post" action="${action}"><ul class="viewers" aria-label="${t.viewers}">${viewers.map(viewerButton).join('')}</ul></form>
<form class="own" method="post" action="${action}">
<label for="email">${t.or}</label>
<div class="line">
<input id="email" name="email" type="email" required maxlength="254" autocomplete="email" inputmode="email"
 placeholder="${t.placeholder}" value="${escaped(hint)}" aria-label="${t.email}"${problem === 'badEmail' ? ' aria-invalid="true" aria-describedby="problem" autofocus' : ''}>
<button class="main">${t.enter}</button>
</div>
${problem === 'badEmail' ? `<p class="problem" role="alert" id="problem">${t[problem]}</p>` : ''}
</form>
<form method="post" action="${action}/cancel"><button class="quiet">${t.cancel}</button></form>
<p class="note">${t.note}</p>`);
}

/** `form` is the provider's own logout form; it is sent at once when it is sure that the viewer wants it. */
export function signOutPage(locale, { form, site, sure, nonce }) {
  const t = textsOf(locale);
  const body = sure
    ? `<h1>${t.signingOut}</h1>${form}
<noscript><button class="main" form="op.logoutForm" name="logout" value="yes">${t.signOut}</button></noscript>
<script nonce="${nonce}">
const form = document.getElementById('op.logoutForm');
form.append(Object.assign(document.createElement('input'), { type: 'hidden', name: 'logout', value: 'yes' }));
form.submit();
</script>`
    : `<h1>${t.signOutHeading}</h1><p class="lead">${t.signOutLead}</p>${form}
<div class="line"><button class="main" form="op.logoutForm" name="logout" value="yes">${t.signOut}</button>
<a class="button" href="${escaped(site)}">${t.stay}</a></div>`;
  return layout(locale, t.signOutTitle, body);
}

export function signedOutPage(locale, { site }) {
  const t = textsOf(locale);
  return layout(locale, t.signedOut, `<h1>${t.signedOut}</h1><a class="button main" href="${escaped(site)}">${t.toSite}</a>`);
}

const REASONS = { session_not_found: 'expired', server_error: 'internal' };

/** `error` is an OAuth error code (RFC 6749, section 5.2) or one of ours; the description is for whoever runs the site. */
export function errorPage(locale, { error, error_description: description, site }) {
  const t = textsOf(locale);
  const lost = error === 'not_found';
  const details = description ? `<details><summary>${t.details}</summary><code>${escaped(error)}: ${escaped(description)}</code></details>` : '';
  return layout(locale, lost ? t.notFound : t.errorTitle, `
<h1>${lost ? t.notFound : t.errorTitle}</h1>
<p class="lead">${lost ? t.about : `${t[REASONS[error] ?? 'badRequest']} ${t.errorLead}`}</p>
<a class="button main" href="${escaped(site)}">${t.toSite}</a>
${details}`);
}

export function aboutPage(locale, { site }) {
  const t = textsOf(locale);
  return layout(locale, t.aboutTitle, `
<h1>${t.aboutTitle}</h1>
<p class="lead">${t.about}</p>
<a class="button main" href="${escaped(site)}">${t.toSite}</a>
<p class="note">${t.note}</p>`);
}
