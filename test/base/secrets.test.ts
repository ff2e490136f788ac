import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { loadEncryptionKeys } from '../../src/base/encryption-key.js'
import {
  createHolderBox,
  createSecretBox,
  hashSecret,
  randomSecret,
  SealError,
  secretsEqual,
} from '../../src/base/secrets.js'

/** The sealed value with one bit of its last bytes turned. */
function tamper(sealed: string, at: number): string {
  const [version = '', body = ''] = sealed.split('.')
  const bytes = Buffer.from(body, 'base64url')
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return `${version}.${bytes.toString('base64url')}`
}

describe('Random secrets', () => {
  it('hold 256 bits unless told, and never repeat', () => {
    expect(Buffer.from(randomSecret(), 'base64url')).toHaveLength(32)
    expect(Buffer.from(randomSecret(16), 'base64url')).toHaveLength(16)
    expect(new Set(Array.from({ length: 1000 }, () => randomSecret())).size).toBe(1000)
  })

  it('are recognised by their SHA-256', () => {
    expect(hashSecret('abc')).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0')
  })

  it('are compared whole', () => {
    expect(secretsEqual('abc', 'abc')).toBe(true)
    expect(secretsEqual('abc', 'abd')).toBe(false)
    expect(secretsEqual('abc', 'abcd')).toBe(false)
    expect(secretsEqual('', '')).toBe(true)
  })
})

describe('The secret box (AES-256-GCM under the encryption key)', () => {
  const key = randomSecret()
  const box = createSecretBox(key)

  it('opens what it sealed, whatever that is', () => {
    for (const text of ['', 'x', 'ünï\u0000cødé 😀', 'x'.repeat(100_000)]) {
      expect(box.open(box.seal(text, 'purpose'), 'purpose')).toBe(text)
    }
  })

  it('opens it after a restart with the same key', () => {
    expect(createSecretBox(key).open(box.seal('text', 'p'), 'p')).toBe('text')
  })

  it('never seals the same text the same way twice', () => {
    expect(box.seal('text', 'p')).not.toBe(box.seal('text', 'p'))
  })

  it('does not open under another purpose or another key', () => {
    const sealed = box.seal('text', 'client secret of a')
    expect(() => box.open(sealed, 'client secret of b')).toThrow(SealError)
    expect(() => createSecretBox(randomSecret()).open(sealed, 'client secret of a')).toThrow(SealError)
    expect(() => createHolderBox(key).open(sealed, 'client secret of a')).toThrow(SealError)
  })

  it.each([0, 11, 12, 27, 28, 31])('does not open when byte %i was changed', (at) => {
    expect(() => box.open(tamper(box.seal('text', 'p'), at), 'p')).toThrow(SealError)
  })

  it.each(['', 'v1', 'v1.', 'v2.AAAA', 'v1.AAAA', `v1.${'A'.repeat(37)}`, 'text'])('does not open %j', (sealed) => {
    expect(() => box.open(sealed, 'p')).toThrow(SealError)
  })

  it('does not open a value whose tag was cut', () => {
    const [version = '', body = ''] = box.seal('', 'p').split('.')
    const cut = Buffer.from(body, 'base64url').subarray(0, 20)
    expect(() => box.open(`${version}.${cut.toString('base64url')}`, 'p')).toThrow(SealError)
  })

  it('opens under any of several keys and seals under the first, whose id it names and nothing else', () => {
    const [first, second] = [randomSecret(), randomSecret()]
    const both = createSecretBox(first, second)
    const [byFirst, bySecond] = [createSecretBox(first).seal('one', 'p'), createSecretBox(second).seal('two', 'p')]
    expect([both.open(byFirst, 'p'), both.open(bySecond, 'p')]).toEqual(['one', 'two'])
    expect([both.isSealedByFirstKey(byFirst), both.isSealedByFirstKey(bySecond)]).toEqual([true, false])
    const sealed = both.seal('three', 'p')
    expect(createSecretBox(first).open(sealed, 'p')).toBe('three')
    expect(() => createSecretBox(second).open(sealed, 'p')).toThrow(SealError)
    // As earlier releases wrote it, without the id.
    const old = bySecond.split('.').slice(0, 2).join('.')
    expect([both.open(old, 'p'), both.isSealedByFirstKey(old)]).toEqual(['two', false])
    // Another id leads to another key, and that one does not open it.
    expect(() => both.open(`${old}.${createSecretBox(first).keyId}`, 'p')).toThrow(SealError)
    expect(first).not.toContain(both.keyId)
  })

  it('wants 32 bytes of key', () => {
    expect(() => createSecretBox(randomSecret(), randomSecret(31))).toThrow(RangeError)
    expect(() => createSecretBox(randomSecret(31))).toThrow(RangeError)
    expect(() => createSecretBox('')).toThrow(RangeError)
  })
})

describe('The holder box (sealed under a secret that its holder brings)', () => {
  it('opens for the holder alone', () => {
    const sealed = createHolderBox('refresh-token-1').seal('refresh-token-2', 'successor')
    expect(createHolderBox('refresh-token-1').open(sealed, 'successor')).toBe('refresh-token-2')
    expect(() => createHolderBox('refresh-token-3').open(sealed, 'successor')).toThrow(SealError)
    expect(() => createHolderBox('refresh-token-1').open(sealed, 'other')).toThrow(SealError)
  })
})

describe('The encryption key file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-key-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('is made once, for its owner alone', () => {
    const file = join(folder, 'new', 'encryption.key')
    const [key = '', ...others] = loadEncryptionKeys(file)
    expect(others).toEqual([])
    expect(Buffer.from(key, 'base64url')).toHaveLength(32)
    expect(loadEncryptionKeys(file)).toEqual([key])
    expect(readFileSync(file, 'utf8')).toBe(`${key}\n`)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('may hold several keys', () => {
    const file = join(folder, 'several.key')
    const keys = [randomSecret(), randomSecret()]
    writeFileSync(file, `${keys.join('\n')}\n`)
    expect(loadEncryptionKeys(file)).toEqual(keys)
    writeFileSync(file, `${keys.join('\n')}\nshort\n`)
    expect(() => loadEncryptionKeys(file)).toThrow(/does not hold an encryption key/)
  })

  it('is refused when it holds no key, and is not overwritten', () => {
    const file = join(folder, 'damaged.key')
    writeFileSync(file, 'short\n')
    expect(() => loadEncryptionKeys(file)).toThrow(/does not hold an encryption key/)
    expect(readFileSync(file, 'utf8')).toBe('short\n')
  })

  it('says in one line when its folder cannot be written', () => {
    const file = join(folder, 'damaged.key', 'encryption.key')
    expect(() => loadEncryptionKeys(file)).toThrow(/^cannot write [^\n]+$/)
  })
})
