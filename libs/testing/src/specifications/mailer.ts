import assert from 'node:assert/strict';
import type { Mailer, MailMessage } from 'postern/accounts';
import { specification } from './specification.js';
import type { Made } from './specification.js';

/** What else is known of a mailer, for what cannot be seen from outside. */
export interface MailerCases<M extends Mailer> {
  /** What has arrived by this mailer; without it nobody looks. */
  readonly arrived?: (mailer: M) => readonly MailMessage[] | Promise<readonly MailMessage[]>;
  /** A mailer whose way out is blocked, such as one with a port where nobody listens. */
  readonly makeBroken?: Made<M>;
}

const MAIL: MailMessage = {
  kind: 'password-changed',
  to: 'ada@example.com',
  subject: 'Dein Paßwort wurde geändert',
  text: 'Zeile eins\n.\nZeile drei: 七艘小船 🚣\n',
};

/**
 * What every `Mailer` promises.
 *
 * @example
 * ```ts
 * mailerSpec(() => new SmtpMailer(port), { arrived: () => server.mails(), makeBroken: () => new SmtpMailer(1) });
 * ```
 */
export function mailerSpec<M extends Mailer>(make: Made<M>, { arrived, makeBroken }: MailerCases<M> = {}): void {
  specification('Mailer', {
    'takes a mail': async () => {
      assert.equal(await (await make()).send(MAIL), undefined);
    },
    ...(arrived && {
      'hands it over as it is: every script, a lone dot on a line, the kind': async () => {
        const mailer = await make();
        await mailer.send(MAIL);
        const { kind, to, subject, text } = (await arrived(mailer)).at(-1) ?? {};
        assert.deepEqual({ kind, to, subject, text }, MAIL);
      },
      'loses none of many at once': async () => {
        const mailer = await make();
        const subjects = Array.from({ length: 20 }, (_, index) => `${MAIL.subject} ${index}`);
        await Promise.all(subjects.map((subject) => mailer.send({ ...MAIL, subject })));
        const found = (await arrived(mailer)).slice(-20).map(({ subject }) => subject);
        assert.deepEqual(found.sort(), subjects.sort());
      },
    }),
    ...(makeBroken && {
      'rejects what it cannot send': async () => {
        const mailer = await makeBroken();
        await assert.rejects(async () => mailer.send(MAIL));
      },
    }),
    'changes nothing of the message': async () => {
      const message = Object.freeze({ ...MAIL });
      await (await make()).send(message);
      assert.deepEqual(message, MAIL);
    },
  });
}
