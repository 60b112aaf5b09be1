import { isLoopback } from 'postern/auth/outgoing-calls';
import { SETTINGS } from '../outbound.module-definition.js';
import { checkedService } from './called-service.js';
import type { OutboundSettings } from '../outbound.module-definition.js';
import type { CalledService } from './called-service.js';

/**
 * The settings of this lib, checked and complete, without secrets, and the services by name and by origin.
 *
 * @throws Error at boot; it says what to write
 */
export class CalledServices extends SETTINGS.Checked {
  private readonly byName = new Map<string, CalledService>();
  private readonly byOrigin = new Map<string, CalledService>();

  constructor(settings: OutboundSettings) {
    super(settings);
    if (typeof this.services !== 'object' || this.services === null) {
      throw new Error('OutboundModule needs "services": write services: { billing: { audience: "billing" } }.');
    }
    for (const name of ['issuer', 'tokenEndpoint'] as const) assertUrl(name, this[name], this.allowInsecure);
    for (const [name, service] of Object.entries(this.services))
      this.add(checkedService(name, service, this.allowInsecure));
  }

  /** @throws Error if no service of the settings has the name */
  named(name: string): CalledService {
    const service = this.byName.get(name);
    if (service !== undefined) return service;
    throw new Error(
      `OutboundModule: the settings have no service "${name}"; there are: ${[...this.byName.keys()].join(', ') || 'none'}.`,
    );
  }

  /** Whether a call to any service is as this application by default. */
  get isAnyCalledAsService(): boolean {
    return [...this.byName.values()].some(({ as }) => as === 'service');
  }

  /** The service on the origin of the URL. */
  at({ origin }: URL): CalledService | undefined {
    return this.byOrigin.get(origin);
  }

  private add(service: CalledService): void {
    this.byName.set(service.name, service);
    for (const origin of service.origins) {
      const other = this.byOrigin.get(origin);
      if (other !== undefined) {
        throw new Error(
          `OutboundModule: "services.${other.name}" and "services.${service.name}" both have the origin ${origin}.`,
        );
      }
      this.byOrigin.set(origin, service);
    }
  }
}

function assertUrl(name: string, text: unknown, allowInsecure: boolean): void {
  if (text === undefined) return;
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new Error(`OutboundModule: "${name}" must be a URL without a password, such as "https://id.acme.com".`);
  }
  if (url.protocol === 'http:' && !allowInsecure && !isLoopback(url)) {
    throw new Error(
      `OutboundModule: "${name}" is not https. Write an https URL, or allow http by "allowInsecure: true".`,
    );
  }
}
