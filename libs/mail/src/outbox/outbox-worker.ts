import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { OutageLog } from 'postern/persistence';
import { CheckedMailSettings } from '../checked-mail-settings.js';
import { MailError, MailNotSentError, MailRejectedError } from '../mail.errors.js';
import { Mailer } from '../mailers/mailer.js';
import { OutboxTable } from './outbox-table.js';
import type { ClaimedMail } from './outbox-table.js';
import { SealedContent } from './sealed-content.js';

/** Below the lease of a claim, so that no other replica sends the mail in the meantime. */
const ATTEMPT_MILLISECONDS = 120_000;
const FIRST_RETRY_SECONDS = 5;
const MAX_RETRY_SECONDS = 900;
/** Below the grace of the connection pool, which the result of a running attempt needs. */
const SHUTDOWN_MILLISECONDS = 4000;
const RECORD_RETRY_MILLISECONDS = 1000;

/** Sends the mails of the outbox. Each replica has one, and each mail has one attempt at a time. */
@Injectable()
export class OutboxWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(OutboxWorker.name);
  private readonly outage = new OutageLog(
    this.logger,
    'Reading the mail outbox failed, will retry',
    'Reading the mail outbox works again',
  );
  private readonly lanes = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | undefined;
  private wakes = 0;
  private isRunning = false;

  constructor(
    private readonly table: OutboxTable,
    private readonly contents: SealedContent,
    private readonly mailer: Mailer,
    private readonly settings: CheckedMailSettings,
  ) {}

  onApplicationBootstrap(): void {
    this.isRunning = true;
    this.poll();
  }

  /** Claims no further mail, and waits for the running attempts for a short time. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isRunning = false;
    clearTimeout(this.timer);
    await Promise.race([Promise.all(this.lanes), delay(SHUTDOWN_MILLISECONDS, undefined, { ref: false })]);
  }

  /** Looks for due mails at once. A replica that does not run yet looks when it starts. */
  wake(): void {
    this.wakes += 1;
    if (!this.isRunning || this.lanes.size >= this.settings.concurrency) return;
    const lane = this.sendAll().finally(() => this.lanes.delete(lane));
    this.lanes.add(lane);
  }

  private poll(): void {
    this.wake();
    // The replicas must not all look at the same time.
    const pause = this.settings.pollSeconds * 1000 * (0.5 + Math.random());
    this.timer = setTimeout(() => this.poll(), pause).unref();
  }

  /** Sends one mail after the other until none is due. A mail that is due starts a further lane. */
  private async sendAll(): Promise<void> {
    while (this.isRunning) {
      const wakes = this.wakes;
      const mail = await this.claim();
      if (mail) {
        this.wake();
        await this.attempt(mail);
      } else if (wakes === this.wakes) return;
    }
  }

  private async claim(): Promise<ClaimedMail | undefined> {
    try {
      const mail = await this.table.claim();
      this.outage.recordSuccess();
      return mail;
    } catch (error) {
      this.outage.recordFailure(error);
      return undefined;
    }
  }

  private async attempt(mail: ClaimedMail): Promise<void> {
    const { id, kind, attempts } = mail;
    let failure: unknown;
    try {
      await this.send(mail);
      return await this.record(() => this.table.complete(mail, !this.settings.production));
    } catch (error) {
      failure = error;
    }
    const label = `Sending of mail ${id} (${kind}) failed`;
    const reason = reasonOf(failure);
    if (failure instanceof MailRejectedError || mail.isExpired) {
      this.logger.error(`${label} after ${attempts} attempts and is given up: ${reason}`);
      await this.record(() => this.table.giveUp(mail, failure instanceof MailRejectedError ? 'rejected' : 'expired'));
      return;
    }
    const seconds = retrySecondsAfter(attempts);
    this.logger.warn(`${label}, will retry in ${Math.ceil(seconds)} s: ${reason}`);
    await this.record(() => this.table.retry(mail, seconds, reason));
  }

  private async send({ id, kind, userId, content }: ClaimedMail): Promise<void> {
    const message = { id, kind, ...(userId !== null && { userId }), ...this.contents.open(id, content) };
    const ending = new AbortController();
    const late = delay(ATTEMPT_MILLISECONDS, undefined, { ref: false, signal: ending.signal }).then(() => {
      throw new MailNotSentError('The mailer did not settle within the timeout of two minutes');
    });
    try {
      await Promise.race([this.mailer.send(message), late]);
    } finally {
      ending.abort();
      late.catch(() => undefined);
    }
  }

  /** Repeats the statement during an outage of the database: if the result were lost, the mail would be sent again. */
  private async record(statement: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await statement();
      } catch (error) {
        this.outage.recordFailure(error);
        if (!this.isRunning) return;
        await delay(RECORD_RETRY_MILLISECONDS, undefined, { ref: false });
      }
    }
  }
}

/** Five seconds, doubled with each attempt up to 15 minutes, times 0.5 to 1.5: the replicas spread their retries. */
function retrySecondsAfter(attempts: number): number {
  return Math.min(MAX_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** Math.min(attempts - 1, 20)) * (0.5 + Math.random());
}

/** The message of another error may repeat the mail or its recipient. */
function reasonOf(error: unknown): string {
  if (error instanceof MailError) return error.message;
  return error instanceof Error ? error.name : 'unknown error';
}
