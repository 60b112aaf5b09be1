import type { EntityMetadata } from 'typeorm';

/** The table of the entity as an SQL identifier, with its schema if it has one. */
export function escapedTable({ tablePath, dataSource }: EntityMetadata): string {
  return tablePath
    .split('.')
    .map((part) => dataSource.driver.escape(part))
    .join('.');
}
