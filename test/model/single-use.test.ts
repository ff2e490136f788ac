/**
 * The single-use promises, checked exhaustively: every order of requests, losses, crashes, outages and clock steps within the bounds. Each
 * guard of a model is also left out once, and then an invariant must break: an invariant that holds anyhow would prove nothing.
 */
import { describe, expect, it } from '@jest/globals'
import { largeRefreshBounds, largeSingleUseBounds, refreshBounds, singleUseBounds } from './bounds.js'
import { type RefreshBounds, type RefreshGuards, allGuards as refreshGuards, refreshModel } from './refresh-model.js'
import {
  type SingleUseBounds,
  type SingleUseGuards,
  allGuards as singleUseGuards,
  singleUseModel,
} from './single-use-model.js'
import { explore } from './state-space.js'

const isLarge = process.env['MODEL_BOUNDS'] === 'large'

describe('Refresh tokens', () => {
  it.each(Object.entries(isLarge ? largeRefreshBounds : refreshBounds))('keep every invariant: %s', (name, bounds) => {
    const { states, violation } = explore(refreshModel(bounds))
    expect(violation).toBeUndefined()
    expect(states).toBeGreaterThan(1_000)
    if (isLarge) process.stderr.write(`refresh tokens, ${name}: ${states} states\n`)
  })

  const breaks: readonly (readonly [guard: keyof RefreshGuards, bounds: string, invariant: RegExp])[] = [
    ['redeemsOnce', 'a client alone that sends several at once', /^I[24]/],
    ['issuesWithRedemption', 'a client alone that sends several at once', /^I[24] /],
    ['needsGrant', 'a revocation at any moment', /^I4 no token/],
    ['endsTokensWithGrant', 'a revocation at any moment', /^I4 no token/],
    ['bindsClient', 'a thief and a stranger', /^I5/],
    ['endsGrantOnReuse', 'a thief and a stranger', /^I2 a second use/],
    ['marksReissued', 'a thief and a stranger', /^I2 two holders/],
    ['reissuesUnused', 'a thief and a stranger', /^I2 a token that was used/],
    ['retriesLate', 'a client alone, one answer lost', /^I6/],
    ['commitsFirst', 'a client alone, one answer lost', /^I1/],
    ['sealsSuccessors', 'a thief and a stranger', /^I7/],
    ['tellsOutages', 'a client alone, one answer lost', /^I6/],
  ]
  it('lack each of their guards below', () => {
    expect(breaks.map(([guard]) => guard).sort()).toEqual(Object.keys(refreshGuards).sort())
  })
  it.each(breaks)('break an invariant without %s', (guard, bounds, invariant) => {
    const model = refreshModel(refreshBounds[bounds] as RefreshBounds, { ...refreshGuards, [guard]: false })
    expect(explore(model).violation?.invariant).toMatch(invariant)
  })
})

describe('Interactions, codes, assertions and proofs', () => {
  it.each(Object.entries(isLarge ? largeSingleUseBounds : singleUseBounds))(
    'keep every invariant: %s',
    (name, bounds) => {
      const { states, violation } = explore(singleUseModel(bounds))
      expect(violation).toBeUndefined()
      expect(states).toBeGreaterThan(100)
      if (isLarge) process.stderr.write(`single use, ${name}: ${states} states\n`)
    },
  )

  const breaks: readonly (readonly [guard: keyof SingleUseGuards, bounds: string, invariant: RegExp])[] = [
    ['endsInteractionOnce', 'an interaction and its code', /^I2 an interaction/],
    ['writesCodeWithEnd', 'an interaction and its code', /^I[12] an interaction/],
    ['redeemsOnce', 'an interaction and its code', /^I2 a code/],
    ['endsGrantOnReuse', 'an interaction and its code', /^I3/],
    ['remembersAtOnce', 'a client assertion, beside a forged header', /^I2 an assertion/],
    ['namesByVerified', 'a client assertion, beside a forged header', /^I2 an assertion/],
    ['tellsKindsApart', 'a client assertion, beside headers', /^I6/],
    ['keepsWhenPutOff', 'a client assertion, beside headers', /^I6/],
    ['usesInOneCommit', 'an identity assertion', /^I[16]/],
    ['asksDatabase', 'an interaction and its code', /^I8/],
  ]
  it('lack each of their guards below', () => {
    expect(breaks.map(([guard]) => guard).sort()).toEqual(Object.keys(singleUseGuards).sort())
  })
  it.each(breaks)('break an invariant without %s', (guard, bounds, invariant) => {
    const model = singleUseModel(singleUseBounds[bounds] as SingleUseBounds, { ...singleUseGuards, [guard]: false })
    expect(explore(model).violation?.invariant).toMatch(invariant)
  })
})
