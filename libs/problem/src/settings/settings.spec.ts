import { setting } from './setting.js';
import { settings } from './settings.js';

interface HarborSettings {
  name: string;
  berths?: number | undefined;
  reserved?: number | undefined;
  pilot?: boolean | undefined;
  crane?: { tons?: number | undefined } | undefined;
}

interface HarborStructure {
  warden?: object | undefined;
}

const crane = setting.nested(
  settings<{ tons?: number | undefined }>()('crane', { tons: setting.number(5, { min: 1 }) }),
);
const declaration = {
  name: setting.custom<string>((value) => (typeof value === 'string' ? undefined : 'must be a string.')),
  berths: setting.wholeNumber(10, { min: 1, max: 99 }),
  reserved: setting.number<{ berths: number }>(({ berths }) => berths / 2, { min: 0, max: ({ berths }) => berths }),
  pilot: setting.flag(true),
  crane,
};
const HARBOR = settings<HarborSettings, HarborStructure>()('HarborModule', declaration, { warden: true });
const read = (given: object) => HARBOR.read(given as HarborSettings);

describe('settings()', () => {
  it('settings() fills each absent setting with its default, which can depend on the settings above', () => {
    const complete = { name: 'Bremen', berths: 10, reserved: 5, pilot: true, crane: { tons: 5 } };
    expect(read({ name: 'Bremen', pilot: undefined })).toEqual(complete);
    expect(read({ name: 'Bremen', berths: 4, crane: { tons: 9 } })).toEqual({
      ...complete,
      berths: 4,
      reserved: 2,
      crane: { tons: 9 },
    });
    expect(new HARBOR.Checked({ name: 'Bremen' })).toMatchObject(complete);
  });

  it.each<[object, string]>([
    [{ name: 1 }, 'HarborModule: "name" must be a string.'],
    [
      { berths: 1.5 },
      'HarborModule cannot work with `berths: 1.5`: write a whole number from 1 to 99, or leave it out for 10.',
    ],
    [
      { berths: '7' },
      'HarborModule cannot work with `berths: "7"`: write a whole number from 1 to 99, or leave it out for 10.',
    ],
    [
      { berths: 4, reserved: 5 },
      'HarborModule cannot work with `reserved: 5`: write a number from 0 to 4, or leave it out for 2.',
    ],
    [
      { pilot: 'false' },
      'HarborModule cannot work with `pilot: "false"`: write true or false, or leave it out for true.',
    ],
    [
      { pilot: new URL('https://user:secret@host') },
      'HarborModule cannot work with `pilot: an object`: write true or false, or leave it out for true.',
    ],
    [
      { crane: { tons: 0 } },
      'HarborModule: "crane" cannot work with `tons: 0`: write a number of 1 or more, or leave it out for 5.',
    ],
    [{ crane: 5 }, 'HarborModule: "crane" must be an object of settings.'],
    [
      { crane: { tonnes: 1 } },
      'HarborModule: "crane" knows no setting "tonnes"; there are: tons. Did you mean "tons"?',
    ],
    [{ births: 5 }, 'there are: name, berths, reserved, pilot, crane. Did you mean "berths"?'],
    [{ Reserve: 5 }, 'Did you mean "reserved"?'],
    [{ yard: 5 }, 'HarborModule knows no setting "yard"; there are: name, berths, reserved, pilot, crane.'],
    [{ warden: Object }, 'HarborModule takes "warden" beside "useFactory", and not from what it returns.'],
  ])('settings() rejects %j and says what to write', (given, sentence) => {
    const error = { message: expect.stringContaining(sentence) as string };
    expect(() => read({ name: 'Bremen', ...given })).toThrow(expect.objectContaining(error));
  });

  it('a declaration compiles only with exactly the settings of the interface, each of its type', () => {
    const { pilot: _, ...withoutPilot } = declaration;
    const declare = settings<HarborSettings, HarborStructure>();
    // @ts-expect-error a setting of the interface is missing
    declare('HarborModule', withoutPilot, { warden: true });
    // @ts-expect-error a setting that the interface does not have
    declare('HarborModule', { ...declaration, depth: setting.flag(true) }, { warden: true });
    // @ts-expect-error a string instead of a boolean
    declare('HarborModule', { ...declaration, pilot: setting.text('yes') }, { warden: true });
    // @ts-expect-error a name of the structure is missing
    declare('HarborModule', declaration, {});
    const berths: number = HARBOR.read({ name: 'Bremen' }).berths;
    expect(berths).toBe(10);
  });
});
