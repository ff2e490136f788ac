// What test files import as `@jest/globals`. Circus makes its functions once in a process, and they register with the file that runs.
export const { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } = globalThis

export const jest = {
  setTimeout(milliseconds) {
    globalThis[Symbol.for('TEST_TIMEOUT_SYMBOL')] = milliseconds
  },
  retryTimes(times, { logErrorsBeforeRetry = false } = {}) {
    globalThis[Symbol.for('RETRY_TIMES')] = times
    globalThis[Symbol.for('LOG_ERRORS_BEFORE_RETRY')] = logErrorsBeforeRetry
  },
}
