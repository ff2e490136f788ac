import { createRequire } from 'node:module'
import { describe, expect, it } from '@jest/globals'
import { CookieSigner } from '../../src/authorization-server/cookie-signer.js'

interface Keygrip {
  sign(data: string): string
  index(data: string, given: string): number
  verify(data: string, given: string): boolean
}
const { cookies } = { cookies: createRequire(createRequire(import.meta.url).resolve('cookies')) }
const Keygrip = cookies('keygrip') as new (keys: readonly string[]) => Keygrip

const keys = ['the-current-key', 'the-key-before', 'ключ']
const own = new CookieSigner(keys)
const reference = new Keygrip(keys)
const data = ['_session=abc', '_interaction.sig=', `x=${'y'.repeat(300)}`, 'name=Zoë', '']

describe('Signatures of cookies', () => {
  it.each(data)('are those of keygrip: %j', (text) => {
    expect(own.sign(text)).toBe(reference.sign(text))
    expect(own.index(text, reference.sign(text))).toBe(0)
    expect(reference.verify(text, own.sign(text))).toBe(true)
  })

  it('are taken of every key, and told by which', () => {
    for (const [place, key] of keys.entries()) {
      const made = new Keygrip([key]).sign('_session=abc')
      expect([own.index('_session=abc', made), own.verify('_session=abc', made)]).toEqual([place, true])
    }
  })

  it.each([
    ['another text', own.sign('_session=abd')],
    ['a stranger', new CookieSigner(['another key']).sign('_session=abc')],
    ['nobody', ''],
    ['a part', own.sign('_session=abc').slice(0, -1)],
    ['another alphabet', `${own.sign('_session=abc').slice(0, -1)}é`],
    ['padding', `${own.sign('_session=abc')}=`],
  ])('of %s are refused', (_whose, given) => {
    expect([own.index('_session=abc', given), own.verify('_session=abc', given)]).toEqual([-1, false])
  })

  it('need a key', () => {
    expect(() => new CookieSigner([])).toThrow('no key')
  })
})
