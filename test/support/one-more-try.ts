/**
 * For suites that drive programs of others (Chromium, clients fetched as packages) on machines that may be short of time: what fails
 * once gets one more try and is shown; what fails twice is a failure. Tests of our own code alone get none: a race lost once is a fault.
 */
import { jest } from '@jest/globals'

jest.retryTimes(1, { logErrorsBeforeRetry: true })
