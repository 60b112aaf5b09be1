import { definePermissions } from 'postern/auth';

// The permissions of the routes of roles.
definePermissions({
  'roles:read': 'List roles and permissions, and read the roles of users',
  'roles:write': 'Create, change, and delete roles, and give roles to users',
});
