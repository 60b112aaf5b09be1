import { Injectable, Logger } from '@nestjs/common';
import { MODULE_PATH, PATH_METADATA } from '@nestjs/common/constants.js';
import { ApplicationConfig, MetadataScanner, ModulesContainer } from '@nestjs/core';
import type { OnApplicationBootstrap, Type } from '@nestjs/common';
import { IssuerPathRoutes } from './issuer-path.routes.js';
import { ServerMetadata } from './server-metadata.js';

/**
 * Warns at start if a global prefix or `RouterModule` moves a route away from its URL in the metadata. Services would
 * not find the keys and would reject every token, although the server itself accepts its tokens.
 */
@Injectable()
export class MetadataPrefixCheck implements OnApplicationBootstrap {
  private readonly logger = new Logger('Postern');
  private readonly scanner = new MetadataScanner();

  constructor(
    private readonly application: ApplicationConfig,
    private readonly modules: ModulesContainer,
    private readonly metadata: ServerMetadata,
    private readonly issuerPaths: IssuerPathRoutes,
  ) {}

  onApplicationBootstrap(): void {
    const prefix = trimmed(this.application.getGlobalPrefix());
    const { exclude = [] } = this.application.getGlobalPrefixOptions();
    const routes = this.metadata.routes().map((route) => {
      const inModule = joined(this.modulePathOf(route.path), route.path);
      const isExcluded = exclude.some(({ pathRegex }) => pathRegex.test(`/${inModule}`));
      return {
        ...route,
        isMovedByModule: inModule !== route.path,
        at: isExcluded ? inModule : joined(prefix, inModule),
      };
    });
    const moved = routes.filter(({ url, path, at }) => at !== path && !new URL(url).pathname.endsWith(`/${at}`));
    const lost = moved.filter(({ url }) => !this.issuerPaths.serves(url));
    const ofModules = lost.filter(({ isMovedByModule }) => isMovedByModule);
    if (ofModules.length > 0) {
      this.logger.warn(
        `The metadata has ${namesOf(ofModules)}, but RouterModule moves the routes to ${ofModules.map(({ at }) => `/${at}`).join(' and ')}: ` +
          'services find neither keys nor revocations, and reject every token. Remove the modules of Postern from RouterModule. ' +
          'Ignore this warning if a proxy restores the paths.',
      );
    }
    const ofPrefix = lost.filter(({ isMovedByModule }) => !isMovedByModule);
    if (ofPrefix.length === 0) return;
    // The route of the metadata itself is below `.well-known`, too.
    const outside = [
      '.well-known/{*path}',
      ...ofPrefix.map(({ path }) => path).filter((path) => !path.startsWith('.')),
    ];
    this.logger.warn(
      `The metadata has ${namesOf(ofPrefix)}, but setGlobalPrefix moves the routes ` +
        `below /${prefix}: services find neither keys nor revocations, and reject every token. Write an issuer that ends in /${prefix}, ` +
        `or exclude ${outside.map((path) => JSON.stringify(path)).join(', ')} from the prefix. ` +
        'Ignore this warning if a proxy removes the prefix from the public URLs.',
    );
  }

  /** The path that `RouterModule` gives to the module with this route. */
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
