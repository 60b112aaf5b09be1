import { Injectable, Logger, Optional } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { CheckedLimitsSettings, Limits, PasswordAttackSuspected } from 'postern/limits';
import { Events, OutageLog } from 'postern/persistence';
import type { SessionContext } from 'postern/sessions';
import { InvalidCredentialsError } from '../password.errors.js';
import { KnownDevices } from './known-devices.js';

/** The limits of an attack apply for this time after the last excess of failures. */
const ATTACK_MILLISECONDS = 60_000;

/** The account and the client of a login. */
export interface LoginOrigin {
  /** The normalised e-mail address, also if no user has it. */
  readonly account: string;
  readonly context: SessionContext;
  /** The token of {@link KnownDevices}, if the client presents one. */
  readonly deviceToken?: string | undefined;
}

/** Limits failed logins by account, network, both, and known device. Without `LimitsModule`, it limits none. */
@Injectable()
export class LoginLimits implements OnModuleInit {
  private readonly attacks = new OutageLog(
    new Logger(LoginLimits.name),
    'Attack suspected, the limit networkUnderAttack applies',
    'The suspected attack has ended',
  );
  private attackEndsAt = 0;

  constructor(
    private readonly devices: KnownDevices,
    private readonly events: Events,
    @Optional() private readonly limits?: Limits,
    @Optional() private readonly settings?: CheckedLimitsSettings,
  ) {}

  onModuleInit(): void {
    if (this.limits !== undefined) return;
    new Logger(LoginLimits.name).warn(
      'Failed logins are not limited: import LimitsModule.forRoot() in the root module.',
    );
  }

  /**
   * Takes the points of the attempt before the work verifies the password, and returns them unless the password was
   * wrong. A device that the account knows has a limit of its own, so that wrong passwords from elsewhere never shut
   * out its owner.
   * @throws TooManyRequestsError, with the same response for known and unknown accounts; the error of the work
   */
  async attempt<T>({ account, context, deviceToken }: LoginOrigin, work: () => Promise<T>): Promise<T> {
    const { limits, settings } = this;
    if (limits === undefined || settings === undefined) return work();
    const network = settings.networkOf(context.ipAddress);
    const deviceId = this.devices.idOf(deviceToken, account);
    const ofAttack = settings.claims({ networkUnderAttack: network });
    if (deviceId === undefined && this.isUnderAttack()) limits.assertFree(ofAttack);
    const permit = await limits.take(
      deviceId === undefined
        ? settings.claims({ accountNetwork: `${network} ${account}`, account, network })
        : settings.claims({ device: `${deviceId} ${account}` }),
    );
    try {
      const result = await work();
      limits.giveBack(permit);
      return result;
    } catch (error) {
      if (!(error instanceof InvalidCredentialsError)) limits.giveBack(permit);
      // The response does not wait for it.
      else void this.countFailure(limits, settings, network);
      throw error;
    }
  }

  private async countFailure(limits: Limits, settings: CheckedLimitsSettings, network: string): Promise<void> {
    if (await limits.count(settings.claims({ failures: '' }))) this.suspectAttack(settings);
    if (this.isUnderAttack()) await limits.count(settings.claims({ networkUnderAttack: network }));
  }

  private suspectAttack({ failures }: CheckedLimitsSettings): void {
    if (!this.isUnderAttack() && failures !== false) {
      this.attacks.recordFailure(`more than ${failures.points} wrong passwords in ${failures.seconds} s`);
      this.events.publish(new PasswordAttackSuspected(failures.points, failures.seconds));
    }
    this.attackEndsAt = performance.now() + ATTACK_MILLISECONDS;
  }

  private isUnderAttack(): boolean {
    if (performance.now() < this.attackEndsAt) return true;
    if (this.attackEndsAt > 0) this.attacks.recordSuccess();
    this.attackEndsAt = 0;
    return false;
  }
}
