import { EntryError } from '../source-user.js';
import type { SourceEntry } from '../source-user.js';
import { jsonElementsOf } from './json-elements.js';
import { jsonUsersOf } from './entries.js';
import type { OpenFile } from './entries.js';
import { addressOf, flagOf, idOf, instantOf, objectOf, textOf } from './fields.js';

const GROUP = 'auth.group';
/** Models of Django itself that have no users. */
const OTHER_MODELS = new Set([
  GROUP,
  'auth.permission',
  'contenttypes.contenttype',
  'sessions.session',
  'admin.logentry',
]);

/**
 * The users of `manage.py dumpdata auth.user auth.group`. A group is a role of its name. `is_staff` and `is_superuser`
 * give no role: grant `administrator` by `npm run users -- grant`. Django does not record whether an address is
 * verified.
 *
 * @param model the model of the users, such as `accounts.user`
 */
export async function* djangoUsersOf(open: OpenFile, model = 'auth.user'): AsyncGenerator<SourceEntry> {
  // The groups follow the users in the file.
  const groups = await groupsOf(open);
  yield* jsonUsersOf(open, '', (entry) => {
    const kind = textOf(entry['model'], '"model"');
    if (kind !== undefined && kind !== model && OTHER_MODELS.has(kind)) return undefined;
    if (kind !== model) throw new EntryError(`the model is not ${model}`);
    const fields = objectOf(entry['fields'], '"fields"');
    const hash = textOf(fields['password'], '"password"');
    if (!('password' in fields)) throw new EntryError('the user has no field "password"');
    const isUsable = hash !== undefined && !hash.startsWith('!');
    return {
      sourceId: idOf(entry['pk'], '"pk"'),
      email: addressOf(fields['email']),
      emailVerified: false,
      isDisabled: fields['is_active'] === undefined ? false : !flagOf(fields['is_active'], '"is_active"'),
      createdAt: instantOf(fields['date_joined'], '"date_joined"'),
      roles: keysOf(fields['groups']).map((key) => groups.get(key) ?? `group ${key}`),
      passwordHash: isUsable ? { system: 'django', hash } : undefined,
    };
  });
}

/** The names of the groups by their key. A natural key is the list of the name. */
async function groupsOf(open: OpenFile): Promise<Map<string, string>> {
  const groups = new Map<string, string>();
  for await (const { text } of jsonElementsOf(open(), '')) {
    if (text?.includes(`"${GROUP}"`) !== true) continue;
    try {
      const { model, pk, fields } = JSON.parse(text) as { model?: unknown; pk?: unknown; fields?: { name?: unknown } };
      if (model === GROUP && typeof fields?.name === 'string') {
        groups.set(String(pk), fields.name).set(JSON.stringify([fields.name]), fields.name);
      }
    } catch {
      // The second reading reports it.
    }
  }
  return groups;
}

function keysOf(groups: unknown): string[] {
  if (groups === undefined || groups === null) return [];
  if (!Array.isArray(groups)) throw new EntryError('"groups" is not a list');
  return groups.map((key) => (Array.isArray(key) ? JSON.stringify(key) : String(key)));
}
