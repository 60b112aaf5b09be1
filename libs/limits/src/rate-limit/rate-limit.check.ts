import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { rulesOf } from './rate-limit-rules.js';

/** Nest's metadata of handlers that answer no HTTP request: messages of microservices and of sockets, and GraphQL. */
const OTHER_TRANSPORTS = ['microservices:pattern', 'websockets:message_mapping', 'graphql:resolver_type'];

/** Stops the start if a handler has a `@RateLimit` that would not apply. */
@Injectable()
export class RateLimitCheck implements OnModuleInit {
  private readonly scanner = new MetadataScanner();

  constructor(private readonly discovery: DiscoveryService) {}

  /** @throws Error that names the handler */
  onModuleInit(): void {
    for (const { metatype } of [...this.discovery.getControllers(), ...this.discovery.getProviders()]) {
      const prototype = typeof metatype === 'function' ? (metatype.prototype as object | undefined) : undefined;
      if (typeof metatype !== 'function' || !prototype) continue;
      for (const name of this.scanner.getAllMethodNames(prototype)) {
        const handler = (prototype as Record<string, object>)[name]!;
        if (rulesOf(metatype, handler).length === 0) continue;
        if (!OTHER_TRANSPORTS.some((key) => Reflect.hasMetadata(key, handler))) continue;
        throw new Error(
          `@RateLimit does not apply to ${metatype.name}.${name}, because it answers no HTTP request: remove it, and call ` +
            'Limits.take with the subject of the principal there.',
        );
      }
    }
  }
}
