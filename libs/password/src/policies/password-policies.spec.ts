import { CheckedPasswordSettings } from '../checked-password-settings.js';
import { GuessablePasswordPolicy } from './guessable-password-policy.js';
import { KNOWN_PHRASES } from './known-phrases.js';
import { ContextWordsPolicy } from './context-words-policy.js';
import { MinimumLengthPolicy } from './minimum-length-policy.js';
import { PasswordRejectedError } from '../password.errors.js';
import type { PasswordSettings } from '../password.module-definition.js';
import { PasswordPolicy } from './password-policy.js';
import type { PasswordContext } from './password-policy.js';
import { PasswordPolicies } from './password-policies.js';

const context: PasswordContext = { email: 'grace.hopper@navy-yard.example.com' };

function rules(settings: PasswordSettings = {}, further: PasswordPolicy[] = []): PasswordPolicies {
  const checked = new CheckedPasswordSettings(settings);
  const shipped = [
    new MinimumLengthPolicy(checked),
    new GuessablePasswordPolicy(checked),
    new ContextWordsPolicy(checked),
  ];
  return new PasswordPolicies(checked, [...shipped, ...further]);
}

/** Shared, because each instance loads the dictionary. */
const byDefault = rules();

async function codesOf(password: string, settings?: PasswordSettings, further: PasswordPolicy[] = []) {
  try {
    await (settings === undefined ? byDefault : rules(settings, further)).accept(password, context, '/password');
    return [];
  } catch (error) {
    if (!(error instanceof PasswordRejectedError)) throw error;
    const { errors } = error.extensions as { errors: { code: string }[] };
    return errors.map(({ code }) => code);
  }
}

describe('PasswordPolicies', () => {
  it.each([
    'seven small boats at noon',
    'correct heron battery weir',
    'tr4Xq9 vL2m-wz8Kp',
    'Вечером над рекой туман',
    '东京的夜晚有很多很多星星和灯光',
    '🏰🐎🌲🦉🌙🔥🪶🧭🐻🌾🍂🛶🐟🌊🪨',
    '   spaces around me   ',
    'lowercaseonlybutlongenough',
  ])('accepts "%s"', async (password) => {
    await expect(codesOf(password)).resolves.toEqual([]);
  });

  it('requires no particular kind of character', async () => {
    await expect(codesOf('onlysmallletterswithoutanything')).resolves.toEqual([]);
  });

  it('counts code points: fourteen are too few, fifteen of four bytes each are enough', async () => {
    await expect(codesOf('tr4Xq9vL2mwz8K')).resolves.toEqual(['password-too-short']);
    await expect(codesOf('🏰🐎🌲🦉🌙🔥🪶🧭🐻🌾🍂🛶🐟🌊')).resolves.toEqual(['password-too-short']);
    await expect(codesOf('tr4Xq9vL2mwz8Kp')).resolves.toEqual([]);
    await expect(codesOf('tr4Xq9vL', { minimumLength: 8 })).resolves.toEqual([]);
    await expect(codesOf('tr4Xq9vL')).resolves.toEqual(['password-too-short']);
  });

  it.each([
    'passwordpassword',
    'Password1234567890',
    'P@ssw0rdP@ssw0rd',
    'my-password-is-secret',
    'thisismypassword',
    'correct horse battery staple',
    'CorrectHorseBatteryStaple!!',
    'administrator2026',
    'adminpassword2026!',
    'welcome to the jungle',
    'qwertyuiopasdfgh',
    '1qaz2wsx3edc4rfv',
    '123456789012345',
    '098765432109876',
    'abcdefghijklmnop',
    'aaaaaaaaaaaaaaaaaaaa',
    'abcabcabcabcabcabc',
    'small boat small boat ',
    'iloveyousomuch2026',
    'drowssapdrowssap1',
    'Sommer2026Sommer',
    'Maria 17.05.1984',
    'йцукенгшщзхъфыва',
    '121212111222121211',
  ])('rejects "%s" as common', async (password) => {
    await expect(codesOf(password)).resolves.toEqual(['password-too-common']);
  });

  it('rejects every known phrase, also as words with a year behind them', async () => {
    for (const phrase of KNOWN_PHRASES) await expect(codesOf(phrase)).resolves.toContain('password-too-common');
    await expect(codesOf('Welcome to the jungle 2026!')).resolves.toEqual(['password-too-common']);
  });

  it('rejects an entry of the blocklist in upper and lower case', async () => {
    const settings = { blocklist: ['Nine Grey Herons by the Weir'] };
    await expect(codesOf('nine grey herons by the weir', settings)).resolves.toEqual(['password-too-common']);
    await expect(codesOf('nine grey herons by the weir')).resolves.toEqual([]);
  });

  it.each([
    'grace.hopper@navy-yard.example.com',
    'i am grace hopper indeed',
    'H0pper sails at noon',
    'the navy-yard at noon',
    'my p0stern stands open',
  ])('rejects "%s" because it contains public facts about the account', async (password) => {
    await expect(codesOf(password)).resolves.toEqual(['password-contains-context']);
  });

  it('rejects a password made of the names in the fields of the user', async () => {
    const policy = new GuessablePasswordPolicy(new CheckedPasswordSettings());
    const userFields = { displayName: 'Wilhelmina Featherstone', age: 7, note: 'x'.repeat(10_000) };
    await expect(policy.check('FeatherstoneWilhelmina1', context)).resolves.toEqual([]);
    await expect(policy.check('FeatherstoneWilhelmina1', { ...context, userFields })).resolves.toHaveLength(1);
  });

  it('reads the name of the product from the settings', async () => {
    const settings = { productName: 'Acme Rockets' };
    await expect(codesOf('seven small rockets at noon', settings)).resolves.toEqual(['password-contains-context']);
    await expect(codesOf('the postern at noon is shut', settings)).resolves.toEqual([]);
  });

  it('reports all violations together, with the pointer and without the password', async () => {
    class NoSpaces extends PasswordPolicy {
      async check(password: string) {
        return password.includes(' ') ? [{ code: 'spaces', detail: 'No spaces.' }] : [];
      }
    }
    const refusal = rules({}, [new NoSpaces()]).accept('hopper 123', context, '/newPassword');
    await expect(refusal).rejects.toMatchObject({
      status: 400,
      code: 'password-rejected',
      extensions: {
        errors: [
          { pointer: '/newPassword', code: 'password-too-short', detail: expect.any(String) as string },
          { pointer: '/newPassword', code: 'password-too-common', detail: expect.any(String) as string },
          { pointer: '/newPassword', code: 'password-contains-context', detail: expect.any(String) as string },
          { pointer: '/newPassword', code: 'spaces', detail: 'No spaces.' },
        ],
      },
    });
    const text = await refusal.catch((error: unknown) => JSON.stringify(error));
    expect(text).not.toContain('hopper');
  });

  it('calls no policy for a password over the byte limit', async () => {
    class Asked extends PasswordPolicy {
      count = 0;
      check() {
        this.count += 1;
        return [];
      }
    }
    const asked = new Asked();
    await expect(codesOf('a b'.repeat(400_000), {}, [asked])).resolves.toEqual(['password-too-long']);
    expect(asked.count).toBe(0);
  });

  it('estimates the first 32 characters only, which bounds the time of the estimate', async () => {
    const [weak, strong] = ['p4$$w0rd'.repeat(4), 'tr4Xq9 vL2m-wz8Kp'];
    await expect(codesOf(weak + strong.repeat(50))).resolves.toEqual(['password-too-common']);
    await expect(codesOf(strong + weak.repeat(30))).resolves.toEqual([]);
  });

  it('returns the normalised password', async () => {
    await expect(rules().accept('seven small boats at n\uff4fon', context, '/password')).resolves.toBe(
      'seven small boats at noon',
    );
  });
});
