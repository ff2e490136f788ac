import { describe, expect, it } from '@jest/globals'
import { judgeRefreshUse, type RefreshTokenState, type RefreshUse } from '../../../src/storage/grants/refresh-reuse.js'

const consumedAt = 1_000_000
const graceSeconds = 20
const [inGrace, afterGrace] = [consumedAt + 19_999, consumedAt + 20_000]
const redeemed: RefreshTokenState = { consumedAt, isReplaced: true, isReissued: false }

describe('The use of a refresh token', () => {
  it.each<[string, RefreshTokenState, number, number, RefreshUse]>([
    ['that was not used', { ...redeemed, consumedAt: undefined }, afterGrace, graceSeconds, 'current'],
    ['that was used in the grace', redeemed, inGrace, graceSeconds, 'retry'],
    ['whose successor was used, in the grace', { ...redeemed, isReissued: true }, inGrace, graceSeconds, 'retry'],
    ['whose successor nobody used, after the grace', redeemed, afterGrace, graceSeconds, 'late retry'],
    ['whose successor was used, after the grace', { ...redeemed, isReissued: true }, afterGrace, graceSeconds, 'reuse'],
    ['that nothing replaced', { ...redeemed, isReplaced: false }, inGrace, graceSeconds, 'reuse'],
    ['of a server without a grace', redeemed, consumedAt, 0, 'reuse'],
  ])('%s', (_name, state, nowMs, grace, use) => {
    expect(judgeRefreshUse(state, nowMs, grace)).toBe(use)
  })
})
