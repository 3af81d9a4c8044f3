// What holds for all tests: the setup file of each vitest.config.ts. Test files share a process, in which a module that they use
// is loaded once. So what is done after each test and file is registered here, where it is for every file.
import { afterAll, afterEach } from 'vitest';
import { endFile, endTest } from './at-end.ts';
import './query-plans.ts';

afterEach(endTest);
afterAll(endFile);
