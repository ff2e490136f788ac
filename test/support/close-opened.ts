/** Run by Jest before each test file: closes what its tests open (opened.ts). */
import { afterAll, afterEach, beforeEach } from '@jest/globals'
import { beginTest, endFile, endTest } from './opened.js'

beforeEach(beginTest)
afterEach(endTest)
afterAll(endFile)
