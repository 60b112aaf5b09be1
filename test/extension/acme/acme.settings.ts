/** What differs between Acme's laptops and its servers. */
export interface AcmeSettings {
  readonly issuer: string;
  readonly audience: string;
  readonly secret: string;
  readonly databaseUrl: string;
}

/** Where Acme's own configuration is injected. */
export abstract class AcmeConfiguration {
  abstract read(): AcmeSettings;
}
