import { definePermissions } from 'postern/auth';

/** The permission of the bench: the issuer gives it to a role, and the services require it. */
definePermissions({ 'bench:read': 'Read the answers of the bench' });
