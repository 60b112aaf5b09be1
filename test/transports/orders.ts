import { Controller } from '@nestjs/common';
import {
  EventPattern,
  GrpcMethod,
  GrpcStreamCall,
  GrpcStreamMethod,
  MessagePattern,
  Payload,
} from '@nestjs/microservices';
import { interval, map } from 'rxjs';
import type { Observable } from 'rxjs';
import {
  CurrentPrincipal,
  definePermissions,
  OptionalAuth,
  Public,
  RequirePermissions,
  UsePolicy,
  Policy,
} from 'postern/auth';
import type { PolicyContext, Principal } from 'postern/auth';

const orderPermissions = definePermissions({ 'orders:cancel': 'Cancel the orders of every customer' });

type OrderPermissions = typeof orderPermissions;

declare module 'postern/auth' {
  interface PermissionNames extends OrderPermissions {}
}

/** Brokers are shared by all runs on a machine, so each run has its own patterns. */
export const run = `postern-${process.pid}-${Date.now()}`;

/** With a text, `@EventPattern` would take the events of the team for those of Node. */
const patternOf = (name: string): unknown => `${run}.${name}`;

/** The events that handlers have received: the id of the order, and the subject. */
export const received: string[] = [];

export interface Order {
  readonly id: string;
}

/** No customer may read the order with the id `secret`. */
export class ReadablePolicy extends Policy {
  override may(_principal: Principal, { body }: PolicyContext): boolean {
    return (body as Order).id !== 'secret';
  }
}

interface Call<T> {
  on(event: 'data', listener: (order: Order) => void): void;
  on(event: 'end', listener: () => void): void;
  write(answer: T): void;
  end(): void;
}

/** The handlers of a customer: nothing in them depends on the transport. */
@Controller()
export class OrdersController {
  @UsePolicy(ReadablePolicy)
  @MessagePattern(`${run}.show`)
  show(@CurrentPrincipal() { subject }: Principal): { text: string } {
    return { text: subject };
  }

  @RequirePermissions('orders:cancel')
  @MessagePattern(`${run}.cancel`)
  cancel(@CurrentPrincipal() { subject }: Principal): { text: string } {
    return { text: `cancelled by ${subject}` };
  }

  @Public()
  @MessagePattern(`${run}.open`)
  open(@CurrentPrincipal() principal?: Principal): { text: string } {
    return { text: principal?.subject ?? 'anonymous' };
  }

  @OptionalAuth()
  @MessagePattern(`${run}.optional`)
  optional(@CurrentPrincipal() principal?: Principal): { text: string } {
    return { text: principal?.subject ?? 'anonymous' };
  }

  @MessagePattern(`${run}.follow`)
  follow(): Observable<{ text: string }> {
    return interval(20).pipe(map((at) => ({ text: `${at}` })));
  }

  @EventPattern(patternOf('placed'))
  placed(@CurrentPrincipal() { subject }: Principal, @Payload() { id }: Order): void {
    received.push(`${id} placed by ${subject}`);
  }

  @RequirePermissions('orders:cancel')
  @EventPattern(patternOf('cancelled'))
  cancelled(@CurrentPrincipal() { subject }: Principal, @Payload() { id }: Order): void {
    received.push(`${id} cancelled by ${subject}`);
  }
}

/** The same on gRPC. */
@Controller()
export class GrpcOrdersController {
  @UsePolicy(ReadablePolicy)
  @GrpcMethod('Orders', 'Show')
  show(_order: Order, @CurrentPrincipal() { subject }: Principal): { text: string } {
    return { text: subject };
  }

  @RequirePermissions('orders:cancel')
  @GrpcMethod('Orders', 'Cancel')
  cancel(@CurrentPrincipal() { subject }: Principal): { text: string } {
    return { text: `cancelled by ${subject}` };
  }

  @GrpcMethod('Orders', 'Follow')
  follow(): Observable<{ text: string }> {
    return interval(20).pipe(map((at) => ({ text: `${at}` })));
  }

  @GrpcStreamMethod('Orders', 'Talk')
  talk(orders: Observable<Order>): Observable<{ text: string }> {
    return orders.pipe(map(({ id }) => ({ text: id })));
  }

  @GrpcStreamCall('Orders', 'Collect')
  collect(call: Call<never>, answer: (error: null, value: { text: string }) => void): void {
    const ids: string[] = [];
    call.on('data', ({ id }) => ids.push(id));
    call.on('end', () => answer(null, { text: ids.join() }));
  }
}
