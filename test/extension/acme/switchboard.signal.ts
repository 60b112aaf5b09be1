import { Injectable } from '@nestjs/common';
import { RevocationSignal } from 'postern/sessions';

/** Acme's servers hear of revocations over a switchboard of Acme's own. */
@Injectable()
export class SwitchboardSignal extends RevocationSignal {
  readonly announced: number[] = [];
  private readonly listeners = new Set<(sequence: number) => void>();

  announce(sequence: number): Promise<void> {
    this.announced.push(sequence);
    for (const heard of this.listeners) heard(sequence);
    return Promise.resolve();
  }

  listen(heard: (sequence: number) => void): Promise<void> {
    this.listeners.add(heard);
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.listeners.clear();
    return Promise.resolve();
  }
}
