// Two builds of a release from the commit that is checked out: test/release/builds. Two minutes; packages come from npm's cache or its registry.
import base from './jest.config.js'

/** @type {import('jest').Config} */
export default {
  ...base,
  testMatch: ['<rootDir>/test/release/builds/*.test.ts'],
  testPathIgnorePatterns: [],
  testTimeout: 600_000,
}
