import { describe, expect, it } from '@jest/globals'
import { type Environment, parseConfig } from '../../src/config/config.js'
import { mistakesOf, noFiles } from './config-mistakes.js'

describe('Settings: how often callers may ask', () => {
  it.each([
    ['5/20', { perSecond: 5, burst: 20 }],
    ['0.5/1', { perSecond: 0.5, burst: 1 }],
    ['', undefined],
  ])('reads %j', (text, limit) => {
    const { callLimits } = parseConfig({ CALL_LIMIT_PER_CALLER: text, CALL_LIMIT_TOTAL: text }, noFiles)
    expect(callLimits).toEqual({ perCaller: limit, overall: limit })
  })

  it.each(['5', '0/20', '5/0', '5/20/1', '-5/20', '5/x', '5 / 20', '1e9/1'])('refuses %j', (text) => {
    expect(mistakesOf({ CALL_LIMIT_TOTAL: text })).toEqual([
      expect.stringMatching(/^CALL_LIMIT_TOTAL must be .*5\/20$/),
    ])
  })
})

describe('Settings: who may register', () => {
  it.each([
    [{}, 'open'],
    [{ ISSUER_URL: 'http://127.0.0.1:3100' }, 'open'],
    [{ ISSUER_URL: 'https://auth.example.com' }, 'limited'],
    [{ ISSUER_URL: 'https://localhost.example.com' }, 'limited'],
    [{ ISSUER_URL: 'https://auth.example.com', REGISTRATION: 'open' }, 'open'],
    [{ REGISTRATION: 'limited' }, 'limited'],
    [{ REGISTRATION: 'token' }, 'token'],
    [{ REGISTRATION: 'closed' }, 'closed'],
  ])('with %j: %s', (environment, mode) => {
    expect(parseConfig(environment, noFiles).registrationMode).toBe(mode)
  })
})

describe('Settings: limits', () => {
  const limitsWith = (environment: Environment) => parseConfig(environment, noFiles).usageLimits
  const away = { ISSUER_URL: 'https://auth.example.com' }

  it.each<[string, Environment, { token: number; logout: number }]>([
    ['on localhost, where one address is everybody', {}, { token: 0, logout: 0 }],
    ['elsewhere', away, { token: 3_000, logout: 300 }],
    ['switched off', { ...away, RATE_LIMITS: 'off' }, { token: 0, logout: 0 }],
    ['changed', { ...away, RATE_LIMITS: 'token=7, logout=0' }, { token: 7, logout: 0 }],
    ['changed on localhost', { RATE_LIMITS: 'token=7,' }, { token: 7, logout: 300 }],
  ])('%s', (_name, environment, { token, logout }) => {
    expect(limitsWith(environment)).toMatchObject({
      token: { limit: token, windowSeconds: 60 },
      logout: { limit: logout, windowSeconds: 600 },
    })
  })

  it.each<[string, RegExp]>([
    ['tokens=7', /RATE_LIMITS must be off, or pairs such as token=6000 of these names: authorize, /],
    ['token', /must be off/],
    ['token=-1', /must be off/],
    ['token=1e3', /must be off/],
    ['token=1234567890', /must be off/],
    ['OFF', /must be off/],
    ['__proto__=1', /must be off/],
    ['token=1,token=2', /RATE_LIMITS names token twice/],
  ])('refuse %s', (text, message) => {
    expect(() => limitsWith({ RATE_LIMITS: text })).toThrow(message)
  })
})
