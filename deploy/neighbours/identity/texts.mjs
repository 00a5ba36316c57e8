// What the pages say, in Russian and in English.

const TEXTS = {
  ru: {
    brand: 'Кино вместе',
    title: 'Вход',
    heading: 'Кто будет смотреть?',
    lead: 'Выберите зрителя – хватит одного нажатия.',
    viewers: 'Зрители',
    or: 'или войдите под своим адресом',
    email: 'Электронная почта',
    placeholder: 'you@example.com',
    enter: 'Войти',
    badEmail: 'Это не похоже на адрес почты. Проверьте его и попробуйте ещё раз.',
    unknownViewer: 'Такого зрителя нет. Выберите одного из списка.',
    cancel: 'Не входить',
    note: 'Учебный вход для проверки на своей машине: паролей здесь нет, войти может кто угодно.',
    signOutTitle: 'Выход',
    signOutHeading: 'Выйти?',
    signOutLead: 'Вы выйдете здесь и на сайте.',
    signOut: 'Выйти',
    stay: 'Остаться',
    signingOut: 'Выходим…',
    signedOut: 'Вы вышли',
    toSite: 'На сайт',
    errorTitle: 'Не получилось войти',
    errorLead: 'Вернитесь на сайт и начните вход заново.',
    expired: 'Эта страница входа устарела или уже использована.',
    badRequest: 'Сайт прислал запрос, который нельзя выполнить.',
    internal: 'Внутри что-то сломалось. Попробуйте ещё раз чуть позже.',
    notFound: 'Такой страницы здесь нет.',
    aboutTitle: 'Вход для «Кино вместе»',
    about: 'Здесь входят зрители. Сама афиша – на сайте.',
    details: 'Подробности',
  },
  en: {
    brand: 'Movie Together',
    title: 'Sign in',
    heading: 'Who is watching?',
    lead: 'Pick a viewer – one click is enough.',
    viewers: 'Viewers',
    or: 'or sign in with your own address',
    email: 'E-mail',
    placeholder: 'you@example.com',
    enter: 'Sign in',
    badEmail: 'This does not look like an e-mail address. Check it and try again.',
    unknownViewer: 'There is no such viewer. Pick one from the list.',
    cancel: 'Do not sign in',
    note: 'A sign-in for trying things out on your own machine: there are no passwords, anyone may enter.',
    signOutTitle: 'Sign out',
    signOutHeading: 'Sign out?',
    signOutLead: 'You will be signed out here and on the site.',
    signOut: 'Sign out',
    stay: 'Stay',
    signingOut: 'Signing out…',
    signedOut: 'You are signed out',
    toSite: 'To the site',
    errorTitle: 'The sign-in did not work',
    errorLead: 'Go back to the site and start the sign-in again.',
    expired: 'This sign-in page is too old or was used already.',
    badRequest: 'The site sent a request that cannot be carried out.',
    internal: 'Something broke in here. Try again a little later.',
    notFound: 'There is no such page here.',
    aboutTitle: 'Sign-in of Movie Together',
    about: 'Viewers sign in here. The films are on the site.',
    details: 'Details',
  },
};

export const textsOf = (locale) => TEXTS[locale];

/** ru or en: what the site asked for (ui_locales), else what the browser prefers; Russian where nobody says. */
export function localeOf(ctx, uiLocales = ctx.oidc?.params?.ui_locales ?? ctx.query.ui_locales) {
  const wanted = typeof uiLocales === 'string' ? uiLocales.split(' ') : [];
  const asked = wanted.map((tag) => tag.split('-')[0].toLowerCase()).find((language) => language in TEXTS);
  return asked ?? (ctx.acceptsLanguages('ru', 'en') || 'en');
}
