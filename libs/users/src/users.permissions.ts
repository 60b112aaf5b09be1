import { definePermissions } from 'postern/auth';

// The permissions of the administration of users.
definePermissions({
  'users:read': 'List and read users',
  'users:write': 'Create, change, disable, enable, and delete users',
});
