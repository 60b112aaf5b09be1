import type { EntityMetadata } from 'typeorm';

/** The table of the class with its schema, where it has one, as it stands in SQL. */
export function escapedTable({ tablePath, dataSource }: EntityMetadata): string {
  return tablePath
    .split('.')
    .map((part) => dataSource.driver.escape(part))
    .join('.');
}
