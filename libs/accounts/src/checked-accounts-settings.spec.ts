import { CheckedAccountsSettings } from './checked-accounts-settings.js';

const page = 'https://app.acme.test/verify';

describe('CheckedAccountsSettings', () => {
  it('CheckedAccountsSettings has a lifetime for each link, and rejects a page with a fragment', () => {
    expect(new CheckedAccountsSettings({ linkSeconds: { resetPassword: 600 } })).toMatchObject({
      requireVerifiedEmail: false,
      linkSeconds: { verifyEmail: 86_400, confirmEmailChange: 86_400, undoEmailChange: 259_200, resetPassword: 600 },
    });
    for (const link of [`${page}#now`, 'javascript:alert(1)', '/verify', 'https:///verify']) {
      expect(() => new CheckedAccountsSettings({ links: { verifyEmail: link } })).toThrow(
        'AccountsModule: "links": "verifyEmail" must be the address of a page without a fragment',
      );
    }
  });

  it('assertEveryLink() names a link without a page', () => {
    const settings = new CheckedAccountsSettings({ links: { verifyEmail: page } });
    expect(() => settings.assertEveryLink()).toThrow("set links: { confirmEmailChange: 'https://…' }");
    const links = Object.fromEntries(Object.keys(settings.links).map((name) => [name, page]));
    expect(() => new CheckedAccountsSettings({ links }).assertEveryLink()).not.toThrow();
  });
});
