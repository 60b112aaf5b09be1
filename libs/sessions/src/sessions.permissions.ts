import { definePermissions } from 'postern/auth';

// The permissions of the administration of sessions.
definePermissions({
  'sessions:read': 'List the sessions of all users',
  'sessions:write': 'End the sessions of all users',
  'users:impersonate': 'Act as a user for a short time',
});
