import { beforeAll, describe, expect, it } from '@jest/globals'
import { hash } from '@node-rs/argon2'
import { hashLimits } from '../../../src/authorization-server/login/hash-limits.js'
import { createPasswordHasher, type PasswordHasher } from '../../../src/authorization-server/login/passwords.js'
import type { Sender } from '../../../src/base/fair-queue.js'
import { clientNetworks } from '../../../src/http/client-network.js'
import { OAuthError } from '../../../src/oauth/errors.js'

describe('Password hashing (RFC 9106)', () => {
  let hasher: PasswordHasher
  beforeAll(async () => {
    hasher = await createPasswordHasher()
  })

  it('writes argon2id with 19 MiB, two passes and one lane, salted anew each time', async () => {
    const [first, second] = await Promise.all([
      hasher.hash('quarrel velvet harbour'),
      hasher.hash('quarrel velvet harbour'),
    ])
    expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(first).not.toBe(second)
  })

  it('knows the password again, and no other', async () => {
    const passwordHash = await hasher.hash('quarrel velvet harbour')
    expect(await hasher.verify(passwordHash, 'quarrel velvet harbour')).toBe(true)
    expect(await hasher.verify(passwordHash, 'quarrel velvet harbouR')).toBe(false)
    expect(await hasher.verify(passwordHash, 'quarrel velvet harbour\0')).toBe(false)
  })

  it('takes composed and decomposed accents for the same password', async () => {
    const passwordHash = await hasher.hash('caf\u00e9 quarrel velvet')
    expect(await hasher.verify(passwordHash, 'cafe\u0301 quarrel velvet')).toBe(true)
  })

  it('matches nothing for nobody, nor for input that is too long', async () => {
    expect(await hasher.verify(undefined, 'quarrel velvet harbour')).toBe(false)
    expect(await hasher.verify(await hasher.hash(''), 'x'.repeat(1025))).toBe(false)
  })

  it('sees a hash that was made with other parameters', async () => {
    expect(hasher.needsRehash(await hasher.hash('quarrel velvet harbour'))).toBe(false)
    expect(hasher.needsRehash(await hash('quarrel velvet harbour', { memoryCost: 8192 }))).toBe(true)
  })

  it('refuses with temporarily_unavailable when too many wait, and recovers', async () => {
    const small = await createPasswordHasher({ concurrency: 1, queueLimit: 2 })
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => small.hash('quarrel velvet harbour')))
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    expect(refused).toHaveLength(7)
    for (const error of refused) {
      expect(error).toBeInstanceOf(OAuthError)
      expect(error).toMatchObject({ code: 'temporarily_unavailable', status: 503 })
    }
    expect(await small.hash('quarrel velvet harbour')).toMatch(/^\$argon2id/)
  })

  it('of two hundred at once looks at as many as may wait, and tells the others before that', async () => {
    const order: string[] = []
    const asked = Array.from({ length: 200 }, async () => {
      try {
        expect(await hasher.verify(undefined, 'quarrel velvet harbour')).toBe(false)
        order.push('looked at')
      } catch (error) {
        expect(error).toMatchObject({ code: 'temporarily_unavailable', status: 503 })
        order.push('refused')
      }
    })
    await Promise.all(asked)
    const taken = hashLimits.concurrency + hashLimits.queueLimit
    expect(order).toEqual([...Array<string>(200 - taken).fill('refused'), ...Array<string>(taken).fill('looked at')])
  })

  it('checks the passwords of other senders, and of known browsers, before the rest of a flood', async () => {
    // One at a time: of two that run together the later one may be done first.
    const single = await createPasswordHasher({ concurrency: 1 })
    const order: string[] = []
    const tried = (name: string, sender: Sender) =>
      single.verify(undefined, 'quarrel velvet harbour', sender).then(
        () => void order.push(name),
        (error: unknown) => {
          expect(error).toMatchObject({ code: 'temporarily_unavailable', status: 503 })
        },
      )
    const networksOf = (address: string) => clientNetworks(address).map(({ network }) => network)
    const flood = Array.from({ length: 90 }, (_, index) =>
      tried('flood', { networks: networksOf(`2001:db8:0:${index.toString(16)}::1`) }),
    )
    const honest = tried('honest', { networks: networksOf('203.0.113.7') })
    const known = tried('known', { networks: networksOf('2001:db8::1'), isKnown: true })
    await Promise.all([...flood, honest, known])
    // The first of the flood was being checked already.
    expect(order.slice(0, 4)).toEqual(['flood', 'known', 'flood', 'honest'])
    expect(order.length).toBeLessThanOrEqual(2 * hashLimits.perSender + 2)
  })

  it('checks other passwords in turn with a flood from browsers that one account knows', async () => {
    const order: string[] = []
    const tried = (name: string, sender: Sender) =>
      hasher.verify(undefined, 'quarrel velvet harbour', sender).then(
        () => void order.push(name),
        () => void order.push(`${name} refused`),
      )
    const flood = Array.from({ length: 150 }, () =>
      tried('flood', { networks: ['192.0.2.1'], isKnown: true, knownTo: 'one@example.com' }),
    )
    const others = Array.from({ length: 6 }, (_, index) =>
      tried('honest', {
        networks: [`198.51.100.${index}`],
        isKnown: index < 2,
        knownTo: `honest-${index}@example.com`,
      }),
    )
    await Promise.all([...flood, ...others])
    const looked = order.filter((name) => name !== 'flood refused')
    expect(looked.slice(0, 16).filter((name) => name === 'honest')).toHaveLength(6)
    expect(looked.filter((name) => name === 'flood').length).toBeLessThanOrEqual(hashLimits.perSender + 1)
  })

  it('keeps the event loop free while it hashes', async () => {
    const before = performance.eventLoopUtilization()
    await Promise.all(Array.from({ length: 40 }, () => hasher.hash('quarrel velvet harbour')))
    expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.3)
  })
})
