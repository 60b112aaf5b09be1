import { CheckedMailSettings } from '../checked-mail-settings.js';
import { html } from './html.js';
import { mailLanguageOf } from './mail-language.js';
import type { MailTemplateOverrides } from './mail-template.js';
import { MailTemplates } from './mail-templates.js';

const settings = (more = {}) =>
  new CheckedMailSettings({ production: true, publicUrl: 'https://acme.test/id/', secret: '', ...more });
const occurredAt = new Date('2026-12-01T09:30:00Z');
const ada = { id: 'ada', email: 'ada@example.com' };

describe('MailTemplates', () => {
  it('MailTemplates writes a shipped template as text and HTML, in English and Korean, with links below publicUrl', () => {
    const templates = new MailTemplates(settings({ productName: 'Acme & <b>Söhne</b>' }));
    const english = templates.write('password-changed', { occurredAt }, ada);
    expect(english).toMatchObject({ kind: 'password-changed', to: ada.email, userId: 'ada' });
    expect(english.subject).toBe('Your password for Acme & <b>Söhne</b> was changed');
    expect(english.text).toContain('Your password was changed on December 1, 2026 at 09:30:00 UTC');
    expect(english.text).toContain('https://acme.test/id/');
    expect(english.html).toContain('<a href="https://acme.test/id/">Acme &amp; &lt;b&gt;Söhne&lt;/b&gt;</a>');
    expect(english.html).not.toContain('<b>');
    const korean = templates.write('refresh-token-reused', { occurredAt }, { ...ada, locale: 'ko' });
    expect([korean.subject, korean.html]).toEqual([
      expect.stringContaining('세션이 종료되었습니다'),
      expect.stringContaining('<html lang="ko">'),
    ]);
  });

  it('a template of the team replaces the shipped template of its name, and the others stay', () => {
    const overrides: MailTemplateOverrides = {
      'password-changed': (_data, context) => ({ subject: 'Own', text: context.link('/help', { topic: 'a b&c' }) }),
      'refresh-token-reused': undefined,
    };
    const templates = new MailTemplates(settings(), overrides);
    const own = templates.write('password-changed', { occurredAt }, ada);
    expect(own).toEqual({
      kind: 'password-changed',
      to: ada.email,
      userId: 'ada',
      subject: 'Own',
      text: 'https://acme.test/id/help?topic=a+b%26c',
    });
    expect(templates.write('refresh-token-reused', { occurredAt }, ada).subject).toContain('A session');
  });

  it.each(['//evil.test', 'https://evil.test', '/\\evil.test', ''])('a link cannot name another host: %s', (path) => {
    expect(() => settings().linkTo(path)).toThrow('must begin with one slash');
  });

  it('html escapes every value, and does not escape HTML again', () => {
    const hostile = `"><script>alert('x')</script>&`;
    const escaped = '&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;';
    expect(String(html`<p title="${hostile}">${[html`<b>${hostile}</b>`]}${1}</p>`)).toBe(
      `<p title="${escaped}"><b>${escaped}</b>1</p>`,
    );
  });

  it.each([
    [undefined, undefined, 'en'],
    ['ko_KR', 'en', 'ko'],
    ['fr', 'ko', 'ko'],
    [7, 'ko;q=0, en', 'en'],
    [null, 'de, en;q=0.3, ko-KR;q=0.7', 'ko'],
    [undefined, `${'x,'.repeat(30)};q=,ko;q=9,*;;`, 'ko'],
  ])('the language of a user with the locale %s and Accept-Language %s is %s', (locale, header, language) => {
    expect(mailLanguageOf(locale, header)).toBe(language);
  });

  it.each([
    'id.acme.test',
    'https://acme.test/?a',
    'https://ada:hunter2@acme.test',
    'javascript:alert(1)',
    'http://acme.test',
  ])('MailModule rejects the public URL %s in production', (publicUrl) =>
    expect(() => settings({ publicUrl })).toThrow('MailModule: "publicUrl" must be'),
  );
});
