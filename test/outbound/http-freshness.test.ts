import { describe, expect, it } from '@jest/globals'
import { freshSeconds } from '../../src/outbound/http-freshness.js'

const now = Date.parse('2026-11-21T12:00:00Z')
const bounds = { minSeconds: 60, maxSeconds: 86_400, defaultSeconds: 300 }

describe('How long an answer stays fresh (RFC 9111 §4.2)', () => {
  it.each<[Record<string, string>, number]>([
    [{}, 300],
    [{ 'cache-control': 'public' }, 300],
    [{ 'cache-control': 'max-age=3600' }, 3_600],
    [{ 'cache-control': 'public, Max-Age = "600"' }, 600],
    [{ 'cache-control': 'max-age=600, max-age=5000' }, 600],
    [{ 'cache-control': 'max-age=600, s-maxage=7200' }, 7_200],
    [{ 'cache-control': 'max-age=0' }, 60],
    [{ 'cache-control': 'max-age=-5' }, 60],
    [{ 'cache-control': 'max-age=soon' }, 60],
    [{ 'cache-control': 'max-age=9999999999' }, 86_400],
    [{ 'cache-control': 'max-age=99999999999999' }, 60],
    [{ 'cache-control': 'no-store, max-age=3600' }, 60],
    [{ 'cache-control': 'no-cache' }, 60],
    [{ 'cache-control': 'max-age=3600', age: '3000' }, 600],
    [{ 'cache-control': 'max-age=3600', age: '4000' }, 60],
    [{ 'cache-control': 'max-age=3600', age: 'x' }, 3_600],
    [{ expires: 'Sat, 21 Nov 2026 13:00:00 GMT' }, 3_600],
    [{ expires: 'Sat, 21 Nov 2026 13:00:00 GMT', date: 'Sat, 21 Nov 2026 12:30:00 GMT' }, 1_800],
    [{ expires: 'Sat, 21 Nov 2026 13:00:00 GMT', 'cache-control': 'max-age=120' }, 120],
    [{ expires: '0' }, 60],
    [{ expires: 'Thu, 01 Jan 1970 00:00:00 GMT' }, 60],
  ])('%j: %i s', (headers, seconds) => expect(freshSeconds(new Headers(headers), now, bounds)).toBe(seconds))
})
