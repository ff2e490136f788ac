// The pages and the whole journey in headless Chromium (CHROMIUM_PATH, default /usr/bin/chromium).
import base from './jest.config.js'

/** @type {import('jest').Config} */
export default {
  ...base,
  testMatch: ['<rootDir>/test/browser/**/*.test.ts'],
  testPathIgnorePatterns: [],
  setupFilesAfterEnv: [...base.setupFilesAfterEnv, '<rootDir>/test/support/one-more-try.ts'],
  testTimeout: 240_000,
}
