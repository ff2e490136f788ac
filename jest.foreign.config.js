// Clients that others wrote, in the languages they are used in: test/foreign. Their libraries are pinned there and installed into
// node_modules/.cache, or beside their manifest.
import base from './jest.config.js'

/** @type {import('jest').Config} */
export default {
  ...base,
  globalSetup: '<rootDir>/test/foreign/global-setup.mjs',
  testMatch: ['<rootDir>/test/foreign/*.test.ts'],
  testPathIgnorePatterns: [],
  testTimeout: 240_000,
}
