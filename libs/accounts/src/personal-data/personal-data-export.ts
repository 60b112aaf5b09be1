import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { UserBase } from 'postern/users';
import { AccountData } from './shipped-personal-data.js';
import { PersonalData } from './personal-data.js';

const NAME = /^[a-z][A-Za-z0-9]*$/;

/** Writes the data of a user as JSON: a member for each {@link PersonalData} of the application. */
@Injectable()
export class PersonalDataExport implements OnModuleInit {
  private parts: readonly PersonalData[] = [];

  constructor(private readonly modules: ModulesContainer) {}

  /** @throws Error if two parts have one name, if a name is not in camelCase, or if a part is request-scoped */
  onModuleInit(): void {
    const parts = new Set<PersonalData>();
    for (const wrapper of [...this.modules.values()].flatMap(({ providers }) => [...providers.values()])) {
      const instance: unknown = wrapper.instance;
      if (!(instance instanceof PersonalData)) continue;
      if (!wrapper.isDependencyTreeStatic()) {
        throw new Error(
          `AccountsModule: ${instance.constructor.name} is request-scoped. Inject singletons only into it.`,
        );
      }
      parts.add(instance);
    }
    this.parts = [...parts].toSorted((a, b) => rankOf(a) - rankOf(b) || (a.name < b.name ? -1 : 1));
    for (const [index, { name, constructor }] of this.parts.entries()) {
      if (!NAME.test(name)) {
        throw new Error(
          `AccountsModule: the name ${JSON.stringify(name)} of ${constructor.name} must be in camelCase.`,
        );
      }
      if (this.parts[index + 1]?.name === name) {
        throw new Error(`AccountsModule: two classes of personal data have the name "${name}". Rename one of them.`);
      }
    }
  }

  /** Yields the JSON text piece by piece: only the current element is in memory. */
  async *textOf(user: UserBase): AsyncIterable<string> {
    yield `{"exportedAt":${JSON.stringify(new Date())}`;
    for (const part of this.parts) {
      yield `,${JSON.stringify(part.name)}:`;
      const data = part.dataOf(user);
      if (Symbol.asyncIterator in data) yield* arrayOf(data);
      else yield jsonOf(await data);
    }
    yield '}';
  }
}

async function* arrayOf(elements: AsyncIterable<unknown>): AsyncIterable<string> {
  let separator = '[';
  for await (const element of elements) {
    yield separator + jsonOf(element);
    separator = ',';
  }
  yield separator === '[' ? '[]' : ']';
}

/** JSON has no `undefined`. */
function jsonOf(value: unknown): string {
  return value === undefined ? 'null' : JSON.stringify(value);
}

/** The account comes first. */
function rankOf(part: PersonalData): number {
  return part instanceof AccountData ? 0 : 1;
}
