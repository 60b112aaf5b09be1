import { hasOwnRule, lineageOf, ownMethod, ownMethodNames } from './access-rules.js';
import type { ExecutionContext } from '@nestjs/common';
import type { Rule } from './access-rules.js';
import type { HandlerMethod } from './handler-methods.js';

/** A method with the classes that can have rules for it, the most derived class first. */
export interface MethodLevels {
  readonly name: string | symbol;
  /** All classes of its prototype chain. */
  readonly classes: readonly object[];
  /** The classes that have the method, or a rule for it. */
  readonly levels: readonly object[];
  /** The class whose method Nest runs. */
  readonly owner: object | undefined;
}

/** The levels of the method in the classes of a controller, or in its own classes. */
export function levelsOf({ prototype, name }: HandlerMethod, lineage: readonly object[]): MethodLevels {
  const classes = lineage.includes(prototype) ? lineage : lineageOf(prototype);
  const levels = classes.filter((type) => ownMethodNames(type).includes(name));
  return { name, classes, levels, owner: levels.find((type) => ownMethod(type, name) !== undefined) };
}

/** Whether the method that Nest runs has the rule. A rule of a method that it overrides does not count. */
export function saysOfItself(
  rule: Rule,
  handler: ReturnType<ExecutionContext['getHandler']>,
  methods: MethodLevels[],
): boolean {
  if (Reflect.hasMetadata(rule, handler)) return true;
  return (
    methods.length > 0 &&
    methods.every((method) => decidingLevelsOf(method).some((type) => hasOwnRule(rule, type, method.name)))
  );
}

/** The classes from the controller to the one whose method Nest runs. */
export function decidingLevelsOf({ levels, owner }: MethodLevels): readonly object[] {
  return levels.slice(0, levels.indexOf(owner!) + 1);
}
