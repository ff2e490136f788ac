/** Run by Jest before each test file: closes what its tests open (opened.ts), and fails if an error had no entry (known-problems.ts). */
import { afterAll, afterEach, beforeEach } from '@jest/globals'
import { expectKnownProblems } from './known-problems.js'
import { beginTest, endFile, endTest } from './opened.js'

beforeEach(beginTest)
afterEach(endTest)
afterAll(endFile)
afterAll(expectKnownProblems)
