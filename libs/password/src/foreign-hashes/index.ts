export { firebaseHash, type FirebaseHashConfig } from './firebase-hash.js';
export { UnsupportedHashError } from './foreign-hash.js';
export { hashSystems, storedFormOf, type ForeignHash, type HashSystem } from './foreign-hashes.js';
export { ForeignPasswords, type NewForeignPassword } from './foreign-passwords.js';
