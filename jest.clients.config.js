// Real MCP clients that run as their own processes: mcp-remote, the inspector.
import base from './jest.config.js'

/** @type {import('jest').Config} */
export default {
  ...base,
  testMatch: ['<rootDir>/test/clients/external/**/*.test.ts'],
  testPathIgnorePatterns: [],
  setupFilesAfterEnv: [...base.setupFilesAfterEnv, '<rootDir>/test/support/one-more-try.ts'],
  testTimeout: 240_000,
}
