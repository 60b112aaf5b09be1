import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { PosternModule } from 'postern';
import { EntryError, firebaseConfigOf, sourceOf, UserImport, usersOf } from 'postern/accounts/import';
import type { SourceUser, UnreadableEntry, UserImportOptions, UserSource } from 'postern/accounts/import';
import type { PasswordSettings } from 'postern/password';
import { Database } from 'postern/persistence';
import { createTestDatabase, startTestApplication } from 'postern/testing';
import type { TestApplication, TestDatabase } from 'postern/testing';

/** The exports are not part of the repository. They are in a folder beside it or in the folder of the variable. */
const folder = join(
  process.env.POSTERN_TEST_VECTORS ?? join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'vectors'),
  'exports',
);
const isThere = existsSync(join(folder, 'keycloak-realm.json'));
const describeWhereThere = isThere ? describe : describe.skip;

const PASSWORD = 'seven small boats at noon';

interface Import {
  readonly lines: readonly UnreadableEntry[];
  readonly imported: number;
  readonly existing: number;
  readonly skipped: number;
  readonly rejected: number;
  readonly withoutPassword: number;
}

describe('the import of users', () => {
  let database: TestDatabase;
  let app: TestApplication;

  beforeAll(async () => {
    database = await createTestDatabase();
    app = await start();
  });
  afterEach(async () => {
    await query('DELETE FROM users');
  });
  afterAll(async () => {
    await app?.close();
    await database?.drop();
  });

  const start = (password: PasswordSettings = {}): Promise<TestApplication> =>
    startTestApplication(
      PosternModule.forRoot({
        issuer: 'https://id.example.com',
        secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
        databaseUrl: database.url,
        password: { argon2: { memoryKiB: 256, iterations: 1 }, ...password },
        roles: [{ name: 'auditor', description: 'Reads everything', permissions: ['users:read'] }],
      }),
    );
  const query = <T>(sql: string, values: unknown[] = []): Promise<T[]> =>
    app.nest.get(Database).manager.query(sql, values);
  const login = async (email: string, password: string): Promise<number> =>
    (await app.call('POST', '/auth/login', { body: { email, password } })).status;
  const hashOf = async (email: string): Promise<string> => {
    const [row] = await query<{ hash: string }>(
      'SELECT hash FROM password_credentials p JOIN users u ON u.id = p.user_id WHERE email = $1',
      [email],
    );
    return row!.hash;
  };

  /** Imports a file of the folder, whose format is detected. */
  async function importFile(name: string, options: Partial<UserImportOptions> = {}): Promise<Import> {
    const path = join(folder, name);
    const source: UserSource = sourceOf(readFileSync(path, 'utf8'));
    return importFrom(source, () => createReadStream(path), options);
  }

  async function importFrom(
    source: UserSource,
    open: () => AsyncIterable<Buffer>,
    options: Partial<UserImportOptions> = {},
  ): Promise<Import> {
    const lines: UnreadableEntry[] = [];
    const users = usersOf(source, open, {
      openHashes: () => createReadStream(join(folder, 'auth0-hashes.ndjson')),
      ...(isThere && { hashConfig: firebaseConfigOf(readFileSync(join(folder, 'firebase-hash-config.json'), 'utf8')) }),
    });
    const onRejected = (entry: UnreadableEntry) => lines.push(entry);
    const summary = await app.nest.get(UserImport).run(users, { source, onRejected, ...options });
    return { lines, ...summary };
  }

  const importLines = (lines: readonly object[], options: Partial<UserImportOptions> = {}): Promise<Import> =>
    importFrom(
      'postern',
      () => Readable.from([Buffer.from(lines.map((line) => JSON.stringify(line)).join('\n'))]),
      options,
    );

  describeWhereThere(`of other systems${isThere ? '' : ' (needs its exports: POSTERN_TEST_VECTORS)'}`, () => {
    it.each<[string, { numbers: number[]; signedIn: number[]; rejected: number[]; ignoreRoles?: boolean }]>([
      // The numbers: imported, skipped, without a password.
      ['keycloak-realm.json', { numbers: [5, 0, 2], signedIn: [1, 2, 5], rejected: [] }],
      ['supabase-users.csv', { numbers: [4, 1, 1], signedIn: [1, 2], rejected: [6] }],
      ['auth0.ndjson', { numbers: [5, 0, 1], signedIn: [1, 2, 3], rejected: [] }],
      ['auth0-import-custom.json', { numbers: [5, 0, 0], signedIn: [1, 2, 3, 4, 5], rejected: [] }],
      ['firebase-auth-export.json', { numbers: [4, 0, 1], signedIn: [1, 2], rejected: [52] }],
      ['django-dumpdata.json', { numbers: [5, 0, 1], signedIn: [1, 2, 5], rejected: [], ignoreRoles: true }],
    ])('the users of %s sign in with their passwords, and each hash is upgraded', async (name, expected) => {
      const { lines, imported, skipped, withoutPassword, rejected } = await importFile(name, expected);
      expect([imported, skipped, withoutPassword]).toEqual(expected.numbers);
      expect(lines.map(({ line }) => line)).toEqual(expected.rejected);
      expect(rejected + skipped).toBe(lines.length);
      const first = name.startsWith('django') ? 'ana.example' : 'ana';
      const people = [first, 'ben', 'cleo', 'dora', 'erik'].map((person) => `${person}@example.com`);
      for (const number of expected.signedIn) {
        const email = people[number - 1]!;
        expect(await hashOf(email)).toMatch(/^foreign:/);
        expect([email, await login(email, `correct horse ${number}`)]).toEqual([email, 200]);
        expect(await hashOf(email)).toMatch(/^\$argon2id\$v=19\$m=256,t=1,p=1\$/);
        expect(await login(email, `correct horse ${number}`)).toBe(200);
        expect(await login(email, `correct horse ${number + 1}`)).toBe(401);
      }
      const others = [1, 2, 3, 4, 5].filter((number) => !expected.signedIn.includes(number));
      for (const number of others) expect(await login(people[number - 1]!, `correct horse ${number}`)).toBe(401);
      // Nothing changes, and no user gets the old hash again.
      const again = await importFile(name, expected);
      expect(again).toMatchObject({ imported: 0, existing: imported, lines });
      expect(await login(people[0]!, 'correct horse 1')).toBe(200);
    });

    it.each<[string, string, number[], number[]]>([
      ['keycloak-realm.broken.json', 'good@example.com', [33, 60, 86, 113, 148, 176, 204, 222, 241], [1, 0]],
      ['auth0-hashes.broken.ndjson', 'lastline@example.com', [2, 3, 4, 5, 6, 7, 8, 9], [2, 1]],
      ['firebase-auth-export.broken.json', 'urlsafe@example.com', [13, 23, 45, 56, 67, 78, 89], [2, 0]],
      ['firebase-auth-export.cut.json', 'ben@example.com', [24], [2, 0]],
      ['supabase-users.broken.csv', 'ana@example.com', [3, 4, 5, 6, 7, 8, 9], [1, 1]],
      [
        'django-dumpdata.broken.json',
        'ana.example@example.com',
        [22, 40, 57, 75, 93, 111, 129, 147, 165, 183, 184],
        [1, 0],
      ],
    ])(
      'each broken entry of %s is reported by its line, and the others are imported',
      async (name, good, broken, [imported, skipped]) => {
        const outcome = name.startsWith('auth0')
          ? await importFrom('auth0', () => createReadStream(join(folder, name)))
          : await importFile(name, { ignoreRoles: true });
        const own = outcome.lines.filter(({ file }) => file === undefined);
        expect(own.map(({ line }) => line).sort((a, b) => a - b)).toEqual(broken);
        expect([outcome.imported, outcome.skipped]).toEqual([imported, skipped]);
        expect(await query('SELECT FROM users WHERE email = $1', [good])).toHaveLength(1);
        const text = readFileSync(join(folder, name), 'utf8');
        for (const { reason } of outcome.lines) {
          // No hash, no address, and no other value of the entry.
          for (const value of reason.match(/[\w+/=@$.-]{12,}/g) ?? []) {
            expect([
              'customAttributes',
              'raw_user_meta_data',
              'credentialData',
              'passwordHash',
              'hexadecimal',
            ]).toContain(value);
          }
        }
        expect(text.length).toBeGreaterThan(0);
      },
    );
  });

  it('a user has the state, the roles, and the times of the other system', async () => {
    const createdAt = '2020-02-03T04:05:06.000Z';
    const { lines, ...summary } = await importLines([
      { id: 1, email: 'Ada@Example.com', emailVerified: true, createdAt, roles: ['auditor'] },
      {
        id: 2,
        email: 'ben@example.com',
        disabled: true,
        passwordHash: '$2y$05$c/DWayucrLCpzlDMaorYIuPj9kXMwEGxmxxWj29DA/TXSwDC3q/XK',
      },
      { id: 3, email: 'cleo@example.com', roles: ['auditor', 'no-such-role'] },
      { id: 4, email: 'dora@example.com', fields: { costCentre: 'CC-1' } },
      { id: 1, email: 'another@example.com' },
      { id: 6, email: 'ADA@example.com' },
      { email: 'ada@example.com' },
      { id: 8, email: 'erik@example.com', password: 'x' },
      { id: 9, email: 'fay@example.com', passwordHash: 'x', hashSystem: 'unknown' },
    ]);
    expect(summary).toEqual({ imported: 2, existing: 1, skipped: 0, rejected: 6, withoutPassword: 1 });
    expect(Object.fromEntries(lines.map(({ line, reason }) => [line, reason]))).toEqual({
      3: '1 of the roles do not exist: "no-such-role"',
      4: '"fields" has a name that is not a field of the user',
      5: 'a user with this id was imported with another e-mail address',
      6: 'the e-mail address belongs to another user',
      8: expect.stringContaining('a member is not one of'),
      9: expect.stringContaining('"hashSystem" is not one of'),
    });
    const rows = await query<{ email: string; disabled: boolean }>(
      `SELECT email, email_verified_at AS verified, created_at AS created, disabled_at IS NOT NULL AS disabled,
         (SELECT array_agg(role) FROM user_roles r WHERE r.user_id = u.id) AS roles FROM users u ORDER BY email`,
    );
    const created = new Date(createdAt);
    expect(rows).toMatchObject([
      { email: 'ada@example.com', verified: created, created, disabled: false, roles: ['auditor'] },
      { email: 'ben@example.com', verified: null, disabled: true, roles: null },
    ]);
    expect(await login('ben@example.com', 'correct horse battery staple')).toBe(401);
  });

  it('a dry run stores nothing and reports the same lines', async () => {
    const users = [
      { id: 1, email: 'ada@example.com' },
      { id: 2, email: 'nobody' },
    ];
    const dry = await importLines(users, { dryRun: true });
    expect(await query('SELECT FROM users')).toEqual([]);
    expect(await importLines(users)).toEqual(dry);
    expect(await query('SELECT FROM users')).toHaveLength(1);
  });

  it('an import that is interrupted continues where it stopped', async () => {
    const users = Array.from({ length: 1200 }, (_, index) => ({ id: index, email: `person${index}@example.com` }));
    async function* interrupted(): AsyncGenerator<SourceUser> {
      for (const [index, { id, email }] of users.entries()) {
        if (index === 700) throw new Error('the file is gone');
        yield { line: index + 1, sourceId: String(id), email, emailVerified: false, entry: {} };
      }
    }
    await expect(app.nest.get(UserImport).run(interrupted(), { source: 'postern' })).rejects.toThrow(
      'the file is gone',
    );
    expect(await query('SELECT FROM users')).toHaveLength(500);
    expect(await importLines(users)).toMatchObject({ imported: 700, existing: 500, rejected: 0 });
    expect(await importLines(users)).toMatchObject({ imported: 0, existing: 1200, rejected: 0 });
  });

  it('a mapping may reject an entry with its reason', async () => {
    const toUser = ({ email }: SourceUser) => {
      if (email.startsWith('former')) throw new EntryError('the person has left');
      return { email, emailVerifiedAt: new Date(0) };
    };
    const { imported, lines } = await importLines([{ email: 'former@example.com' }, { email: 'ada@example.com' }], {
      toUser,
    });
    expect([imported, lines]).toEqual([1, [{ line: 1, reason: 'the person has left' }]]);
    expect(await query('SELECT email_verified_at AS at FROM users')).toEqual([{ at: new Date(0) }]);
  });

  it('D2: a bcrypt hash does not accept a password above 72 bytes, because every tail would be right', async () => {
    const { hash } = await import('bcrypt');
    const begin = 'exactly seventy-two bytes in a long sentence that is not in any wordlist. '.slice(0, 72);
    const passwordHash = await hash(`${begin}abc`, 4);
    await importLines([{ email: 'ada@example.com', passwordHash }]);
    expect(await login('ada@example.com', `${begin}xyz`)).toBe(401);
    expect(await login('ada@example.com', `${begin}abc`)).toBe(401);
    expect(await hashOf('ada@example.com')).toMatch(/^foreign:/);

    // The old system accepted every tail. The tail of the first login counts from then on.
    const tolerant = await start({ acceptsTruncatedBcrypt: true });
    const logIn = async (password: string): Promise<number> =>
      (await tolerant.call('POST', '/auth/login', { body: { email: 'ada@example.com', password } })).status;
    try {
      expect(await logIn(`${begin.slice(0, 71)}?abc`)).toBe(401);
      expect(await logIn(`${begin}abc`)).toBe(200);
      expect(await logIn(`${begin}xyz`)).toBe(401);
      expect(await logIn(begin)).toBe(401);
      expect(await logIn(`${begin}abc`)).toBe(200);
    } finally {
      await tolerant.close();
    }
  });

  it('a password reaches a foreign hash as it was typed, and the own hash normalised', async () => {
    const { hash } = await import('bcrypt');
    const typed = `${PASSWORD} \ufb01ve`;
    await importLines([{ email: 'ada@example.com', passwordHash: await hash(typed, 4) }]);
    expect(await login('ada@example.com', typed.normalize('NFKC'))).toBe(401);
    expect(await login('ada@example.com', typed)).toBe(200);
    expect(await login('ada@example.com', typed.normalize('NFKC'))).toBe(200);
  });
});
