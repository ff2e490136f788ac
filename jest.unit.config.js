// `npm run test:unit`: rules as functions, in seconds. Everything that starts a server, a database or a process is left to `npm test`.
import base from './jest.config.js'
import { unitTests } from './test/support/unit-tests.mjs'

// Not in seconds: every order of events, and every seed of the fuzzer.
const exhaustive = ['/test/model/', '/test/fuzz/']

/** @type {import('jest').Config} */
export default { ...base, testMatch: unitTests([...base.testPathIgnorePatterns, ...exhaustive]) }
