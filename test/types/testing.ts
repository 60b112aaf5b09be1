/** The test runners that the compiler must accept, and the values that it must not. `tsc --noEmit` is the test. */
import { describe, it } from 'node:test';
import * as jest from '@jest/globals';
import { runSpecificationsWith } from 'postern/testing';

runSpecificationsWith({ describe, it });
runSpecificationsWith({ describe: jest.describe, it: jest.it });
// @ts-expect-error without the second one nothing would be run
runSpecificationsWith({ describe });
