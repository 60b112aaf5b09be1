import { definePermissions } from 'postern/auth';

// The permissions of the routes of signing keys.
definePermissions({
  'keys:read': 'List the signing keys',
  'keys:write': 'Rotate and kill signing keys',
});
