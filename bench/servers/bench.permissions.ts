import { definePermissions } from 'postern/auth';

/** The permission of the bench: the issuer gives it to a role, and the services require it. */
const benchPermissions = definePermissions({ 'bench:read': 'Read the answers of the bench' });

type BenchPermissions = typeof benchPermissions;

declare module 'postern/auth' {
  interface PermissionNames extends BenchPermissions {}
}
