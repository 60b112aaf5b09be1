import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost, ModuleRef } from '@nestjs/core';
import type { OnModuleInit, Type } from '@nestjs/common';
import { CheckedTokensSettings } from '../tokens.settings.js';

/** The controllers of the keys and the metadata; `false` if the application has none. */
export interface DiscoveryControllers {
  readonly jwks: Type | false;
  readonly metadata: Type | false;
}

/** The injection token of `DiscoveryControllers`. */
export const DISCOVERY_CONTROLLERS = Symbol('discovery controllers');

const JWKS = '/.well-known/jwks.json';
const METADATA = '/.well-known/oauth-authorization-server';
const OPENID_METADATA = '/.well-known/openid-configuration';
/** Characters that have no meaning in the route patterns of Express and Fastify. */
const PLAIN_PATH = /^(?:\/[\w.~-]+)+$/;

type Handler = (request: unknown, response: unknown) => unknown;

/** The members of Nest's HTTP adapters that this class uses. */
interface Adapter {
  get(path: string, handler: (request: unknown, response: unknown) => void): unknown;
  getInstance(): unknown;
  reply(response: unknown, body: unknown): unknown;
  setHeader(response: unknown, name: string, value: string): unknown;
}

/**
 * Serves the metadata and the keys of an issuer with a path at the URLs where clients look. RFC 8414 inserts
 * `.well-known` before the path of the issuer, and OpenID Connect appends it, whatever the global prefix is. No
 * controller can have these routes, because Nest adds the prefix to each.
 *
 * @see RFC 8414 §3, §5, OpenID Connect Discovery §4
 */
@Injectable()
export class IssuerPathRoutes implements OnModuleInit {
  private readonly served = new Set<string>();

  constructor(
    private readonly host: HttpAdapterHost,
    private readonly settings: CheckedTokensSettings,
    private readonly modules: ModuleRef,
    @Inject(DISCOVERY_CONTROLLERS) private readonly controllers: DiscoveryControllers,
  ) {}

  /** Nest has registered all routes of controllers before this, and registers its answer 404 after this. */
  onModuleInit(): void {
    const adapter = this.host.httpAdapter as Adapter | undefined;
    const path = new URL(this.settings.issuer).pathname.replace(/\/$/, '');
    if (adapter === undefined || !PLAIN_PATH.test(path)) return;
    const { jwks, metadata } = this.controllers;
    for (const wellKnown of [METADATA, OPENID_METADATA]) {
      for (const url of [wellKnown + path, path + wellKnown])
        this.serve(adapter, url, metadata, 'authorizationServerMetadata');
    }
    this.serve(adapter, path + JWKS, jwks, 'jwks');
  }

  /** Whether this class serves the URL of the metadata. */
  serves(url: string): boolean {
    return this.served.has(new URL(url).pathname);
  }

  private serve(adapter: Adapter, url: string, controller: Type | false, method: string): void {
    if (controller === false || isServed(adapter, url)) return;
    this.served.add(url);
    adapter.get(url, (request, response) => {
      const instance = this.modules.get<Record<string, Handler | undefined>>(controller, { strict: false });
      if (method !== 'jwks') adapter.setHeader(response, 'Cache-Control', 'public, max-age=300');
      adapter.reply(response, instance[method]?.(request, response));
    });
  }
}

/** Fastify rejects a second route with the same URL, such as the one of a controller below a global prefix. */
function isServed(adapter: Adapter, url: string): boolean {
  const instance = adapter.getInstance() as { hasRoute?: (route: { method: string; url: string }) => boolean };
  return instance.hasRoute?.({ method: 'GET', url }) === true;
}
