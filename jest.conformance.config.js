// The official MCP conformance suite, fetched by npx, against our servers. Its results are tests: one per scenario.
import base from './jest.config.js'

/** @type {import('jest').Config} */
export default {
  ...base,
  testMatch: ['<rootDir>/test/conformance/official/**/*.test.ts'],
  testPathIgnorePatterns: [],
  testTimeout: 240_000,
}
