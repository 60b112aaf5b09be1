#!/usr/bin/env bash
# @node-rs/bcrypt 2.0.0 rejects { cost: 4 } with "options must be a plain object" if the object comes from another realm:
# a test of Jest (each file has its own vm context), an option object of a sandbox, or an instance of a settings class.
# @node-rs/argon2 2.2.1 of the same authors accepts the same objects. A structured clone is a plain object of this realm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @node-rs/bcrypt@2.0.0 @node-rs/argon2@2.2.1
cat >run.mjs <<'JS'
import { runInNewContext } from 'node:vm';
import * as bcrypt from '@node-rs/bcrypt';
import * as argon2 from '@node-rs/argon2';

class Settings {
  cost = 4;
}
const outcomeOf = (work) => work.then(() => 'a hash', (error) => `${error.name}: ${error.message}`);
const outcomes = {
  'bcrypt, a literal': await outcomeOf(bcrypt.hash('x', { cost: 4 })),
  'bcrypt, of another realm': await outcomeOf(bcrypt.hash('x', runInNewContext('({ cost: 4 })'))),
  'bcrypt, of a class': await outcomeOf(bcrypt.hash('x', new Settings())),
  'bcrypt, cloned': await outcomeOf(bcrypt.hash('x', structuredClone(runInNewContext('({ cost: 4 })')))),
  'argon2, of another realm': await outcomeOf(argon2.hash('x', runInNewContext('({ memoryCost: 64, timeCost: 1 })'))),
};
console.log(outcomes);
const rejected = 'TypeError: options must be a plain object';
const expected = ['a hash', rejected, rejected, 'a hash', 'a hash'];
process.exitCode = JSON.stringify(Object.values(outcomes)) === JSON.stringify(expected) ? 0 : 1;
JS
node run.mjs
