import type { Database, DomainEvent, Events } from 'postern/persistence';
import { PasswordRejectedError, PreparedPassword } from 'postern/password';
import type { PasswordsService } from 'postern/password';
import { EmailTakenError } from 'postern/users';
import type { UserBase, UsersService } from 'postern/users';
import { UserRegistered } from './accounts.events.js';
import { Registration } from './registration.js';

function stage() {
  const steps: string[] = [];
  const published: DomainEvent[] = [];
  let isInTransaction = false;
  const note = (step: string) => steps.push(isInTransaction ? `in transaction: ${step}` : step);
  const passwords = {
    prepare: async (password: string, { email, userFields }: { email: string; userFields: object }) => {
      note(`prepare for ${email}, knowing ${Object.keys(userFields).join(' and ')}`);
      if (password === 'weak') throw PasswordRejectedError.of('/password', []);
      return new PreparedPassword(password);
    },
    set: async (userId: string) => note(`set for ${userId}`),
  } as unknown as PasswordsService;
  const users = {
    create: async (fields: { email: string }) => {
      note(`create with ${Object.keys(fields).join(' and ')}`);
      if (fields.email === 'taken@example.com') throw new EmailTakenError();
      return { id: 'id-1', ...fields } as unknown as UserBase;
    },
  } as unknown as UsersService;
  const database = {
    transaction: async <T>(work: () => Promise<T>) => {
      isInTransaction = true;
      return work().finally(() => (isInTransaction = false));
    },
  } as unknown as Database;
  const events = { publish: (event: DomainEvent) => void published.push(event) } as unknown as Events;
  return { registration: new Registration(users, passwords, database, events), steps, published };
}

const fields = { email: ' Ada@Example.com', password: 'seven small boats', costCentre: 'CC-1' };

describe('Registration', () => {
  it('Registration hashes the password before the transaction, and does not pass it to the users', async () => {
    const { registration, steps, published } = stage();
    await expect(registration.register(fields)).resolves.toMatchObject({ id: 'id-1', email: 'ada@example.com' });
    expect(steps).toEqual([
      'prepare for ada@example.com, knowing costCentre',
      'in transaction: create with costCentre and email',
      'in transaction: set for id-1',
    ]);
    expect(published).toMatchObject([{ userId: 'id-1' }]);
    expect(published[0]).toBeInstanceOf(UserRegistered);
  });

  it('Registration hashes the password before it reports a taken e-mail address', async () => {
    const { registration, steps, published } = stage();
    await expect(registration.register({ ...fields, email: 'taken@example.com' })).rejects.toThrow(EmailTakenError);
    expect(steps[0]).toMatch(/^prepare/);
    expect(published).toEqual([]);
  });

  it('Registration does not query the database if the password is rejected', async () => {
    const { registration, steps } = stage();
    await expect(registration.register({ ...fields, password: 'weak' })).rejects.toThrow(PasswordRejectedError);
    expect(steps).toHaveLength(1);
  });
});
