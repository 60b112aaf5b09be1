import { cursorOf, positionOf, textOfCursor } from './feed-position.js';

describe('a cursor of the feed', () => {
  it.each([
    { position: { sequence: 0, tag: '' } },
    { position: { sequence: 4711, tag: 'd5f2a9c1' } },
    { position: { sequence: 4711, tag: '' }, snapshotOffset: 500 },
    { position: { sequence: 4711, tag: 'd5f2a9c1' }, snapshotOffset: 0 },
  ])('cursorOf decodes the cursor that textOfCursor encoded: %j', (cursor) => {
    expect(cursorOf(textOfCursor(cursor))).toEqual(cursor);
  });

  it.each([
    undefined,
    '',
    '7',
    '-1.',
    '7.xyz',
    '7.d5f2a9c1.',
    '7.D5F2A9C1',
    '1e3.',
    '9999999999999999.',
    '7.d5f2a9c1\n',
  ])('cursorOf returns undefined for a string that no feed can have sent: %j', (text) => {
    expect(cursorOf(text)).toBeUndefined();
  });

  it('positionOf distinguishes two revocations with the same number by the random part of their ids', () => {
    const entry = { sequence: 7, kind: 'session', target: 's', reason: 'r', createdAt: 1, expiresAt: 2 } as const;
    const [id, other] = ['019abfc2-617b-7000-a1b2-c3d4e5f60718', '019abfc2-617b-7000-a1b2-c3d4e5f60719'];
    expect(positionOf({ ...entry, id })).not.toEqual(positionOf({ ...entry, id: other }));
  });
});
