/** The token that a call needs. */
export interface ServiceTokenRequest {
  /** The `aud` of the token. */
  readonly audience: string;
  readonly scopes: readonly string[];
  /** The token that the service has rejected with 401. The result is another token, if the source has one. */
  readonly rejected?: string | undefined;
}

/**
 * Gives the access tokens with which this application calls other services as itself. The lib calls it for every such
 * call, so an implementation keeps its tokens and renews them.
 *
 * @example
 * ```ts
 * \@Injectable()
 * export class VaultTokens extends ServiceTokens {
 *   constructor(private readonly vault: Vault) { super(); }
 *   override get({ audience }: ServiceTokenRequest) { return this.vault.cachedToken(audience); }
 * }
 * // OutboundModule.forRoot({ services, serviceTokens: VaultTokens })
 * ```
 */
export abstract class ServiceTokens {
  /**
   * Returns the token alone, without `Bearer`.
   *
   * @throws ServiceTokenUnavailableError if no valid token can be obtained now
   */
  abstract get(request: ServiceTokenRequest): Promise<string>;
}
