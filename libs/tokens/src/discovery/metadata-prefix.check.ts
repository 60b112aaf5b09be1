import { Injectable, Logger } from '@nestjs/common';
import { MODULE_PATH, PATH_METADATA } from '@nestjs/common/constants.js';
import { ApplicationConfig, MetadataScanner, ModulesContainer } from '@nestjs/core';
import type { OnApplicationBootstrap, Type } from '@nestjs/common';
import { ServerMetadata } from './server-metadata.js';

/**
 * Looks whether services find what the metadata tells them of, where the application puts its routes below a prefix, all of them or
 * those of a module: it would go on accepting its own tokens, and every service would refuse them.
 */
@Injectable()
export class MetadataPrefixCheck implements OnApplicationBootstrap {
  private readonly logger = new Logger('Postern');
  private readonly scanner = new MetadataScanner();

  constructor(
    private readonly application: ApplicationConfig,
    private readonly modules: ModulesContainer,
    private readonly metadata: ServerMetadata,
  ) {}

  onApplicationBootstrap(): void {
    const prefix = trimmed(this.application.getGlobalPrefix());
    const { exclude = [] } = this.application.getGlobalPrefixOptions();
    const placed = this.metadata.routes().map((route) => {
      const inModule = joined(this.modulePathOf(route.path), route.path);
      const isExcluded = exclude.some(({ pathRegex }) => pathRegex.test(`/${inModule}`));
      return {
        ...route,
        isMovedByModule: inModule !== route.path,
        at: isExcluded ? inModule : joined(prefix, inModule),
      };
    });
    const astray = placed.filter(({ url, path, at }) => at !== path && !new URL(url).pathname.endsWith(`/${at}`));
    const ofModules = astray.filter(({ isMovedByModule }) => isMovedByModule);
    if (ofModules.length > 0) {
      this.logger.warn(
        `The metadata says ${namesOf(ofModules)}, and RouterModule has put the routes at ${ofModules.map(({ at }) => `/${at}`).join(' and ')}: ` +
          'services find neither keys nor revocations, and refuse every token. Leave the modules of Postern out of RouterModule. ' +
          'Where a proxy in front moves them back, all is well.',
      );
    }
    const ofPrefix = astray.filter(({ isMovedByModule }) => !isMovedByModule);
    if (ofPrefix.length === 0) return;
    // The metadata itself is there, too.
    const outside = [
      '.well-known/{*path}',
      ...ofPrefix.map(({ path }) => path).filter((path) => !path.startsWith('.')),
    ];
    this.logger.warn(
      `The metadata says ${namesOf(ofPrefix)}, and setGlobalPrefix has put the routes ` +
        `below /${prefix}: services find neither keys nor revocations, and refuse every token. Write an issuer that ends in /${prefix}, ` +
        `or exclude ${outside.map((path) => JSON.stringify(path)).join(', ')} from the prefix. ` +
        'Where a proxy in front adds the prefix, all is well.',
    );
  }

  /** Where `RouterModule` puts the routes of the module that has the one with this path. */
  private modulePathOf(path: string): string {
    const key = MODULE_PATH + this.modules.applicationId;
    for (const { metatype, controllers } of this.modules.values()) {
      const modulePath = metatype && (Reflect.getMetadata(key, metatype) as string | undefined);
      if (!modulePath) continue;
      if ([...controllers.values()].some((controller) => this.serves(controller.metatype as Type, path))) {
        return trimmed(modulePath);
      }
    }
    return '';
  }

  private serves(controller: Type, path: string): boolean {
    const methods = controller.prototype as Record<string, object>;
    const pathsOf = (routed: object) =>
      [(Reflect.getMetadata(PATH_METADATA, routed) ?? []) as string | string[]].flat();
    return this.scanner
      .getAllMethodNames(methods)
      .flatMap((name) => pathsOf(methods[name]!))
      .some((last) => pathsOf(controller).some((first) => joined(trimmed(first), trimmed(last)) === path));
  }
}

const trimmed = (path: string): string => path.replace(/^\/+|\/+$/g, '');

const joined = (...steps: string[]): string => steps.filter((step) => step !== '').join('/');

function namesOf(routes: readonly { name: string; url: string }[]): string {
  return routes.map(({ name, url }) => `${name} ${url}`).join(' and ');
}
