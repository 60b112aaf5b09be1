import { Injectable, Logger } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import type { OnApplicationBootstrap } from '@nestjs/common';
import { ServerMetadata } from './server-metadata.js';

/**
 * Looks whether services find what the metadata tells them of, where the application puts its routes below a prefix: it would go
 * on accepting its own tokens, and every service would refuse them.
 */
@Injectable()
export class MetadataPlacement implements OnApplicationBootstrap {
  private readonly logger = new Logger('Postern');

  constructor(
    private readonly application: ApplicationConfig,
    private readonly metadata: ServerMetadata,
  ) {}

  onApplicationBootstrap(): void {
    const prefix = this.application.getGlobalPrefix().replace(/^\/+|\/+$/g, '');
    if (prefix === '') return;
    const { exclude = [] } = this.application.getGlobalPrefixOptions();
    const astray = this.metadata.routes().filter(({ url, path }) => {
      const isExcluded = exclude.some(({ pathRegex }) => pathRegex.test(`/${path}`));
      return !isExcluded && !new URL(url).pathname.endsWith(`/${prefix}/${path}`);
    });
    if (astray.length === 0) return;
    // The metadata itself is there, too.
    const outside = ['.well-known/{*path}', ...astray.map(({ path }) => path).filter((path) => !path.startsWith('.'))];
    this.logger.warn(
      `The metadata says ${astray.map(({ name, url }) => `${name} ${url}`).join(' and ')}, and setGlobalPrefix has put the routes ` +
        `below /${prefix}: services find neither keys nor revocations, and refuse every token. Write an issuer that ends in /${prefix}, ` +
        `or exclude ${outside.map((path) => JSON.stringify(path)).join(', ')} from the prefix. ` +
        'Where a proxy in front adds the prefix, all is well.',
    );
  }
}
