import { join } from 'node:path';
import { Controller, Get, Inject, Module, Query } from '@nestjs/common';
import type { DynamicModule, Provider } from '@nestjs/common';
import { ClientsModule, GrpcMethod, MessagePattern, Transport } from '@nestjs/microservices';
import type { ClientGrpc, ClientProxy } from '@nestjs/microservices';
import { defer, map } from 'rxjs';
import type { Observable } from 'rxjs';
import { AuthModule, CurrentPrincipal, CurrentUser, Public } from 'postern/auth';
import type { AuthSettings } from 'postern/auth';
import { CurrentToken, OutboundModule, ServiceClients, ServiceFetch } from 'postern/outbound';
import type { CallIdentity, OutboundSettings } from 'postern/outbound';

/*
 * A shop of four services: gateway → orders (HTTP) → billing (NATS) → ledger (gRPC). Each answers with the subject that
 * it has seen, and the answers of the services behind it.
 */

const run = `shop-${process.pid}-${Date.now()}`;
const PROTO = { package: 'shop', protoPath: join(import.meta.dirname, '../transports/orders.proto') };
export const nats = { transport: Transport.NATS as const, options: { servers: ['nats://127.0.0.1:4222'] } };
export const grpc = (url: string) => ({ transport: Transport.GRPC as const, options: { ...PROTO, url } });

type Hops = readonly string[];

const ORDERS_URL = Symbol('URL of orders');
const BILLING = { user: Symbol('billing for the user'), service: Symbol('billing as the service') };
const LEDGER = { user: Symbol('ledger for the user'), service: Symbol('ledger as the service') };

@Controller()
class GatewayController {
  constructor(
    private readonly services: ServiceFetch,
    @Inject(ORDERS_URL) private readonly url: string,
  ) {}

  @Get('orders')
  async orders(@CurrentUser('subject') subject: string, @Query('as') as: CallIdentity): Promise<Hops> {
    const answer = await this.services.fetch(`${this.url}/orders?as=${as}`, { as });
    const hops: unknown = await answer.json();
    return [`gateway: ${subject}`, ...(answer.ok ? (hops as Hops) : [JSON.stringify(hops)])];
  }

  /** Calls the service when Nest subscribes to the result. */
  @Get('lazy')
  lazy(): Observable<number> {
    return defer(() => this.open());
  }

  @Public()
  @Get('open')
  async open(): Promise<number> {
    return (await this.services.fetch(`${this.url}/orders`, { as: 'user' })).status;
  }
}

@Controller()
class OrdersController {
  constructor(
    @Inject(BILLING.user) private readonly forUser: ClientProxy,
    @Inject(BILLING.service) private readonly asService: ClientProxy,
    private readonly current: CurrentToken,
  ) {}

  @Get('orders')
  orders(@Query('as') as: CallIdentity): Observable<Hops> {
    const billing = as === 'user' ? this.forUser : this.asService;
    const subject = this.current.principal?.subject;
    return billing.send<Hops>(`${run}.charge`, { as }).pipe(map((hops) => [`orders: ${subject}`, ...hops]));
  }
}

interface Ledger {
  show(order: { id: string }): Observable<{ text: string }>;
}

@Controller()
class BillingController {
  constructor(
    @Inject(LEDGER.user) private readonly forUser: ClientGrpc,
    @Inject(LEDGER.service) private readonly asService: ClientGrpc,
    private readonly current: CurrentToken,
  ) {}

  @MessagePattern(`${run}.charge`)
  charge({ as }: { as: CallIdentity }): Observable<Hops> {
    const ledger = (as === 'user' ? this.forUser : this.asService).getService<Ledger>('Orders');
    const subject = this.current.principal?.subject;
    return ledger.show({ id: '1' }).pipe(map(({ text }) => [`billing: ${subject}`, `ledger: ${text}`]));
  }
}

@Controller()
class LedgerController {
  @GrpcMethod('Orders', 'Show')
  show(_order: object, @CurrentPrincipal() { subject }: { subject: string }): { text: string } {
    return { text: subject };
  }
}

/** The addresses of the services, and how they get tokens. */
export interface ShopSettings {
  readonly auth: (audience: string) => AuthSettings;
  readonly outbound: Pick<OutboundSettings, 'issuer'>;
  readonly ordersUrl: string;
  readonly ledgerUrl: string;
}

@Module({})
class ShopModule {}

const RAW_BILLING = Symbol('billing without tokens');
const RAW_LEDGER = Symbol('ledger without tokens');

/** Two clients on one connection: one for the user, one as the service. */
function clientsOf(tokens: Record<CallIdentity, symbol>, raw: symbol, service: string): Provider[] {
  return (['user', 'service'] as const).map((as) => ({
    provide: tokens[as],
    inject: [ServiceClients, raw],
    useFactory: (clients: ServiceClients, client: object) => clients.withTokens(client, { service, as }),
  }));
}

/** The modules of the four services. */
export function shop({ auth, outbound, ordersUrl, ledgerUrl }: ShopSettings): Record<string, DynamicModule> {
  const importsOf = (name: string, services: OutboundSettings['services']) => [
    AuthModule.forRoot(auth(name)),
    OutboundModule.forRoot({ ...outbound, clientId: name, clientSecret: 'secret', services }),
  ];
  return {
    gateway: {
      module: ShopModule,
      imports: importsOf('gateway', { orders: { audience: 'orders', origins: [new URL(ordersUrl).origin] } }),
      controllers: [GatewayController],
      providers: [{ provide: ORDERS_URL, useValue: ordersUrl }],
    },
    orders: {
      module: ShopModule,
      imports: [
        ...importsOf('orders', { billing: { audience: 'billing' } }),
        ClientsModule.register([{ name: RAW_BILLING, ...nats }]),
      ],
      controllers: [OrdersController],
      providers: clientsOf(BILLING, RAW_BILLING, 'billing'),
    },
    billing: {
      module: ShopModule,
      imports: [
        ...importsOf('billing', { ledger: { audience: 'ledger' } }),
        ClientsModule.register([{ name: RAW_LEDGER, ...grpc(ledgerUrl) }]),
      ],
      controllers: [BillingController],
      providers: clientsOf(LEDGER, RAW_LEDGER, 'ledger'),
    },
    ledger: { module: ShopModule, imports: importsOf('ledger', {}), controllers: [LedgerController] },
  };
}
