import { Injectable, Logger } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import type { OnApplicationBootstrap } from '@nestjs/common';
import { IssuerPathRoutes } from './issuer-path.routes.js';
import { ServerMetadata } from './server-metadata.js';

/**
 * Warns at start if a global prefix moves a route away from its URL in the metadata. Services would not find the keys
 * and would reject every token, although the server itself accepts its tokens.
 */
@Injectable()
export class MetadataPrefixCheck implements OnApplicationBootstrap {
  private readonly logger = new Logger('Postern');

  constructor(
    private readonly application: ApplicationConfig,
    private readonly metadata: ServerMetadata,
    private readonly issuerPaths: IssuerPathRoutes,
  ) {}

  onApplicationBootstrap(): void {
    const prefix = trimmed(this.application.getGlobalPrefix());
    const { exclude = [] } = this.application.getGlobalPrefixOptions();
    const moved = this.metadata.routes().filter(({ url, path }) => {
      const isExcluded = exclude.some(({ pathRegex }) => pathRegex.test(`/${path}`));
      if (this.issuerPaths.serves(url)) return false;
      return prefix !== '' && !isExcluded && !new URL(url).pathname.endsWith(`/${prefix}/${path}`);
    });
    if (moved.length === 0) return;
    // The route of the metadata itself is below `.well-known`, too.
    const outside = ['.well-known/{*path}', ...moved.map(({ path }) => path).filter((path) => !path.startsWith('.'))];
    this.logger.warn(
      `The metadata has ${namesOf(moved)}, but setGlobalPrefix moves the routes ` +
        `below /${prefix}: services find neither keys nor revocations, and reject every token. Write an issuer that ends in /${prefix}, ` +
        `or exclude ${outside.map((path) => JSON.stringify(path)).join(', ')} from the prefix. ` +
        'Ignore this warning if a proxy removes the prefix from the public URLs.',
    );
  }
}

const trimmed = (path: string): string => path.replace(/^\/+|\/+$/g, '');

function namesOf(routes: readonly { name: string; url: string }[]): string {
  return routes.map(({ name, url }) => `${name} ${url}`).join(' and ');
}
