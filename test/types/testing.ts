/** What the compiler must take from a team as its test runner, and what it must refuse. `tsc --noEmit` is the test. */
import { describe, it } from 'node:test';
import * as jest from '@jest/globals';
import { runSpecificationsWith } from 'postern/testing';

runSpecificationsWith({ describe, it });
runSpecificationsWith({ describe: jest.describe, it: jest.it });
// @ts-expect-error without the second one nothing would be run
runSpecificationsWith({ describe });
