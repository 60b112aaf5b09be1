import { Injectable } from '@nestjs/common';
import type { MetadataDto } from './metadata.dto.js';
import { CheckedTokensSettings } from '../tokens.settings.js';

/** The path of the JWKS below the issuer. */
const JWKS_PATH = '.well-known/jwks.json';

/**
 * The metadata of the authorization server. A lib with an endpoint contributes its members at start.
 *
 * @see RFC 8414 §2
 */
@Injectable()
export class ServerMetadata {
  private contributed: Record<string, unknown> = {};
  private readonly paths = new Map<unknown, string>();

  constructor(private readonly settings: CheckedTokensSettings) {}

  /**
   * Adds members, or replaces those of the same name.
   *
   * @example
   * ```ts
   * onModuleInit() { this.metadata.contribute({ token_endpoint: this.metadata.urlOf('oauth/token') }); }
   * ```
   */
  contribute(members: Readonly<Record<string, unknown>>): void {
    this.contributed = { ...this.contributed, ...members };
  }

  /** The absolute URL of a path below the issuer. */
  urlOf(path: string): string {
    const url = `${this.settings.issuer.replace(/\/$/, '')}/${path}`;
    this.paths.set(url, path);
    return url;
  }

  /** The members whose value is the URL of a route of this application. */
  routes(): { name: string; url: string; path: string }[] {
    return Object.entries(this.document()).flatMap(([name, url]) => {
      const path = this.paths.get(url);
      return path === undefined ? [] : [{ name, url: String(url), path }];
    });
  }

  /** The complete document. Members of the setting `metadata` take precedence. */
  document(): MetadataDto {
    return {
      issuer: this.settings.issuer,
      jwks_uri: this.urlOf(JWKS_PATH),
      // RFC 8414 §2 requires the member; this server has neither an authorization endpoint nor a grant.
      response_types_supported: [],
      grant_types_supported: [],
      ...this.contributed,
      ...this.settings.metadata,
    };
  }
}
