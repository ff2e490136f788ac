// `npm test`: what needs nothing but Node, and what needs PostgreSQL or PgBouncer if the machine has them (test/support/machine.mjs).
// Tests that need Chromium, or programs of others as their own processes, have their own commands: jest.browser.config.js,
// jest.clients.config.js, jest.conformance.config.js, jest.foreign.config.js.
/** @type {import('jest').Config} */
export default {
  testEnvironment: '<rootDir>/test/support/runtime/environment.mjs',
  runtime: '<rootDir>/test/support/runtime/runtime.cjs',
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  setupFiles: ['<rootDir>/test/support/quiet-engine.mjs'],
  setupFilesAfterEnv: ['<rootDir>/test/support/close-opened.ts'],
  reporters: ['default', '<rootDir>/test/support/skipped-tests.mjs'],
  transform: {},
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: [
    '/test/browser/',
    '/test/clients/external/',
    '/test/compose/',
    '/test/foreign/',
    '/test/release/builds/',
    '/test/bench/',
    '/test/conformance/official/',
  ],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  // Of a machine that is ten times slower than usual. What hangs is noticed all the same.
  testTimeout: 180_000,
  maxWorkers: 2,
  // Node never frees the modules of a test file that has ended, nor the memory of its databases. A worker whose heap is above this size
  // between two files is replaced by a new one; at its largest it has then 0.6 to 0.9 GB in all.
  workerIdleMemoryLimit: '800MB',
}
