import { Injectable } from '@nestjs/common';
import { Clock } from 'postern/auth';
import { CheckedMailSettings } from 'postern/mail';
import type { LinkData } from 'postern/mail';
import { CheckedAccountsSettings } from '../checked-accounts-settings.js';
import { OneTimeTokens } from '../one-time-tokens/one-time-tokens.js';
import type { OneTimeToken, OneTimeTokenBinding, SpentOneTimeToken } from '../one-time-tokens/one-time-tokens.js';
import { ACCOUNT_FLOWS } from './account-flow.js';
import type { AccountFlow } from './account-flow.js';

/** The person and the address that a link is for. */
export type LinkBinding = Omit<OneTimeTokenBinding, 'purpose' | 'lifetimeSeconds'>;

/**
 * Issues the links in mails, and redeems their tokens. The token is in the fragment of the link: browsers send it to no
 * server, so no access log has it (RFC 9110 §4.2.5).
 */
@Injectable()
export class AccountLinks {
  constructor(
    private readonly tokens: OneTimeTokens,
    private readonly settings: CheckedAccountsSettings,
    private readonly mail: CheckedMailSettings,
    private readonly clock: Clock,
  ) {}

  /**
   * Issues a link in the current transaction. It replaces the older link of the same flow and holder.
   *
   * @param lifetimeSeconds default: the setting `linkSeconds` of the flow
   */
  async issue(
    flow: AccountFlow,
    binding: LinkBinding,
    lifetimeSeconds = this.settings.linkSeconds[flow],
  ): Promise<LinkData> {
    const { purpose, path } = ACCOUNT_FLOWS[flow];
    const token = await this.tokens.issue({ ...binding, purpose, lifetimeSeconds });
    const page = this.settings.links[flow] ?? this.mail.linkTo(path);
    return { url: `${page}#token=${token}`, expiresAt: new Date(this.clock.now() + lifetimeSeconds * 1000) };
  }

  /** Spends the token of a link in the current transaction. @throws OneTimeTokenInvalidError */
  spend(flow: AccountFlow, token: string): Promise<SpentOneTimeToken> {
    return this.tokens.spend(token, ACCOUNT_FLOWS[flow].purpose);
  }

  /** Returns the token of a link without spending it. @throws OneTimeTokenInvalidError */
  find(flow: AccountFlow, token: string): Promise<OneTimeToken> {
    return this.tokens.find(token, ACCOUNT_FLOWS[flow].purpose);
  }

  /** Revokes the links of a user for these flows. */
  async revoke(userId: string, flows: readonly AccountFlow[]): Promise<void> {
    await this.tokens.revoke(
      { userId },
      flows.map((flow) => ACCOUNT_FLOWS[flow].purpose),
    );
  }

  /**
   * Revokes every link of a user, except those that undo a change of the address: a thief who changes the address again
   * must not revoke the link of the owner.
   *
   * @param exceptOfAddress the links for this address stay
   */
  async revokeAll(userId: string, exceptOfAddress?: string): Promise<void> {
    await this.tokens.revoke({ userId }, { except: [ACCOUNT_FLOWS.undoEmailChange.purpose] }, { exceptOfAddress });
  }

  /** Revokes the links that undo changes of the address from this instant on. */
  async revokeUndoSince(userId: string, issuedSince: Date): Promise<void> {
    await this.tokens.revoke({ userId }, [ACCOUNT_FLOWS.undoEmailChange.purpose], { issuedSince });
  }
}
