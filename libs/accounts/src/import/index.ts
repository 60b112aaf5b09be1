export { EntryError, type SourceEntry, type SourceUser, type UnreadableEntry } from './source-user.js';
export { firebaseConfigOf } from './sources/firebase-export.js';
export { sourceOf, userSources, usersOf, type SourceOptions, type UserSource } from './sources/user-sources.js';
export type { UserMapping } from './prepared-user.js';
export { UserImport, type UserImportOptions, type UserImportSummary } from './user-import.js';
