import assert from 'node:assert/strict';
import type { Mailer, MailMessage } from 'postern/mail';
import { specification } from './specification.js';
import type { Made } from './specification.js';

/** Access to the effects of a mailer. */
export interface MailerCases<M extends Mailer> {
  /** Returns the messages that have arrived. Without it, delivery is not tested. */
  readonly arrived?: (mailer: M) => readonly MailMessage[] | Promise<readonly MailMessage[]>;
  /** Creates a mailer that cannot send, such as one with a port on which no server listens. */
  readonly makeBroken?: Made<M>;
}

const MAIL: MailMessage = {
  kind: 'password-changed',
  to: 'ada@example.com',
  subject: 'Dein Paßwort wurde geändert',
  text: 'Zeile eins\n.\nZeile drei: 七艘小船 🚣\n',
};

/**
 * Tests the promises of a `Mailer`.
 *
 * @example
 * ```ts
 * mailerSpec(() => new SmtpMailer(port), { arrived: () => server.mails(), makeBroken: () => new SmtpMailer(1) });
 * ```
 */
export function mailerSpec<M extends Mailer>(make: Made<M>, { arrived, makeBroken }: MailerCases<M> = {}): void {
  specification('Mailer', {
    'send() resolves to undefined': async () => {
      assert.equal(await (await make()).send(MAIL), undefined);
    },
    ...(arrived && {
      'send() delivers every script, a line with a single dot, and the kind unchanged': async () => {
        const mailer = await make();
        await mailer.send(MAIL);
        const { kind, to, subject, text } = (await arrived(mailer)).at(-1) ?? {};
        assert.deepEqual({ kind, to, subject, text }, MAIL);
      },
      'send() delivers each of 20 concurrent messages': async () => {
        const mailer = await make();
        const subjects = Array.from({ length: 20 }, (_, index) => `${MAIL.subject} ${index}`);
        await Promise.all(subjects.map((subject) => mailer.send({ ...MAIL, subject })));
        const found = (await arrived(mailer)).slice(-20).map(({ subject }) => subject);
        assert.deepEqual(found.sort(), subjects.sort());
      },
    }),
    ...(makeBroken && {
      'send() rejects if it cannot send': async () => {
        const mailer = await makeBroken();
        await assert.rejects(async () => mailer.send(MAIL));
      },
    }),
    'send() does not change the message': async () => {
      const message = Object.freeze({ ...MAIL });
      await (await make()).send(message);
      assert.deepEqual(message, MAIL);
    },
  });
}
