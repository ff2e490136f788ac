// The composed stack on a Docker engine, driven from outside: see test/compose/run.
import base from './jest.config.js'

const { globalSetup: _setUp, globalTeardown: _tearDown, ...rest } = base

/** @type {import('jest').Config} */
export default {
  ...rest,
  testMatch: ['<rootDir>/test/compose/**/*.test.ts'],
  testPathIgnorePatterns: [],
  testTimeout: 240_000,
  // Sockets of the Docker engine's proxies linger after the stack is down; the run has reported by then.
  forceExit: true,
}
