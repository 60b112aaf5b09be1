import { definePermissions } from 'postern/auth';

// The permissions of the administration of users.
definePermissions({
  'users:read': 'List and read users',
  'users:write': 'Change, disable, enable, and delete users',
});
