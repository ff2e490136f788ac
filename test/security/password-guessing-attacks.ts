/** Group C, classes 44 to 51: guessing passwords, and keeping people or the server busy with it. */
import { expect } from '@jest/globals'
import { knownBrowserSeconds } from '../../src/authorization-server/login/known-browsers.js'
import { knownBrowserCookie } from '../support/cookie-names.js'
import { essence, from, lockOut, nextAddress, openForm, type Row, type Tried, trySignIn } from './passwords-world.js'
import { type ServerWorld, startServerWorld } from './server-world.js'

const throttle: readonly Row[] = [
  {
    id: 'C44',
    name: 'the eleventh try waits, and is told the same whether its password is right',
    source: 'NIST SP 800-63B-4 §3.2.2',
    run: async ({ plain, locked }) => {
      const right = await trySignIn(plain, locked.email, locked.password)
      const wrong = await trySignIn(plain, locked.email, 'wrong')
      for (const { status, headers } of [right, wrong]) {
        expect(status).toBe(429)
        expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
        expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(900)
      }
      const timeless = (tried: Tried) => ({ ...essence(tried, locked.email), headers: [] })
      expect(timeless(right)).toEqual(timeless(wrong))
    },
  },
  {
    id: 'C45',
    name: 'of fifty tries at once ten are looked at',
    source: 'CVE-2024-4629, better-auth #8067',
    run: async ({ proxied }) => {
      const person = await proxied.server.addAccount('parallel@example.com')
      const form = await openForm(proxied)
      const headers = nextAddress()
      const tried = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          form.send({ email: person.email, password: `wrong ${index}` }, headers),
        ),
      )
      const statuses = tried.map(({ status }) => status)
      expect(statuses.filter((status) => status === 401)).toHaveLength(10)
      expect(statuses.filter((status) => status === 429)).toHaveLength(40)
      expect((await trySignIn(proxied, person.email, person.password, headers)).status).toBe(429)
    },
  },
]

/** The cookie, name and value, that a sign-in makes its browser known by, or ''. */
const proofIn = ({ server }: ServerWorld, { headers }: Tried): string =>
  headers
    .getSetCookie()
    .find((line) => line.startsWith(`${knownBrowserCookie(server.issuer)}=`))
    ?.split(';')[0] ?? ''

/** The right password of somebody this address is locked out from: nobody is signed in. */
const dodge = (
  name: string,
  how: {
    readonly headers?: Readonly<Record<string, string>>
    readonly email?: (email: string) => string | readonly string[]
    readonly step?: string
    /** Value of the cookie of known browsers. */
    readonly proof?: string
  },
  status: number,
  source = 'OWASP ASVS 4.1.3',
): Row => ({
  id: 'C47',
  name: `${name} opens no locked door`,
  source,
  run: async ({ plain, locked }) => {
    const { headers = {}, email = (own) => own, step = 'sign-in', proof } = how
    const form = await openForm(plain)
    const cookie = proof === undefined ? {} : { cookie: `${knownBrowserCookie(plain.server.issuer)}=${proof}` }
    const fields = { email: email(locked.email), password: locked.password }
    const tried = await form.send(fields, { ...headers, ...cookie }, step)
    expect(tried.status).toBe(status)
  },
})

const wide = (text: string) =>
  [...text]
    .map((letter) => (/[a-z]/.test(letter) ? String.fromCodePoint((letter.codePointAt(0) ?? 0) + 0xfee0) : letter))
    .join('')

const dodges: readonly Row[] = [
  ...[
    'x-forwarded-for',
    'x-real-ip',
    'x-client-ip',
    'x-cluster-client-ip',
    'cf-connecting-ip',
    'true-client-ip',
    'fastly-client-ip',
    'x-original-forwarded-for',
    'x-originating-ip',
    'x-remote-addr',
  ].map((name) => dodge(`${name} of a stranger`, { headers: { [name]: '203.0.113.9' } }, 429)),
  dodge('Forwarded of a stranger', { headers: { forwarded: 'for=203.0.113.9' } }, 429),
  dodge(
    'the word of a forwarder that is none',
    { headers: { 'x-gatehouse-forwarder': 'x', 'x-forwarded-for': '203.0.113.9' } },
    429,
  ),
  dodge('the email in capitals', { email: (email) => email.toUpperCase() }, 429),
  dodge('the email among blanks', { email: (email) => ` \t${email}\u00a0` }, 429),
  dodge('the email in full-width letters', { email: wide }, 429, 'Unicode TR 36 §2.9'),
  dodge('the email with a dot behind', { email: (email) => `${email}.` }, 401),
  dodge('the email with a letter nobody sees', { email: (email) => `\u200b${email}` }, 401),
  dodge('the email up to U+0000', { email: (email) => `${email}\0` }, 401),
  dodge('another email before it', { email: (email) => ['nobody@example.com', email] }, 401),
  dodge('another email behind it', { email: (email) => [email, 'nobody@example.com'] }, 429),
  ...['sign-in?x=1', 'sign-in#x'].map((step) => dodge(`the step ${step}`, { step }, 429)),
  ...['sign-in/', 'SIGN-IN', '%73ign-in', './sign-in', 'sign-in;x', 'sign-in%00', 'sign-in/x'].map(
    (step): Row => ({
      id: 'C47',
      name: `the step ${step} opens no locked door`,
      source: 'OWASP ASVS 4.1.3 (limit keys dodged by other spellings)',
      run: async ({ plain, locked }) => {
        const { status } = await (await openForm(plain)).send(locked, {}, step)
        expect([400, 404, 429]).toContain(status)
      },
    }),
  ),
  ...['x', `1.${'A'.repeat(16)}.${'A'.repeat(43)}`, `9999999999.${'A'.repeat(16)}.${'A'.repeat(43)}`, '~~~~~~~~'].map(
    (proof) =>
      dodge(`a made-up proof of a known browser (${proof.slice(0, 12)})`, { proof }, 429, 'OWASP device cookies'),
  ),
  {
    id: 'C47',
    name: 'the proof of a browser known to somebody else opens no locked door, and is no session',
    source: 'OWASP device cookies',
    run: async ({ plain, locked }) => {
      const { email, password } = plain.server.account
      const own = await trySignIn(plain, email, password)
      expect(own.status).toBe(303)
      const proof = proofIn(plain, own)
      expect(proof).not.toBe('')
      const form = await openForm(plain)
      expect((await form.send(locked, { cookie: proof })).status).toBe(429)
      const shown = await form.send({ email, password: 'wrong' }, { cookie: proof })
      expect([shown.status, shown.html.includes('Use another account')]).toEqual([401, false])
    },
  },
  {
    id: 'C47',
    name: 'the proof of a known browser opens a locked door for its time, and never after; a sign-in starts it anew',
    source: 'OWASP device cookies',
    run: async ({ secrets }) => {
      const world = await startServerWorld()
      const { server } = world
      const { email, password } = server.account
      const withProof = (cookie: string) => trySignIn(world, email, password, { cookie })
      const old = proofIn(world, await trySignIn(world, email, password))
      secrets.add(old.slice(old.indexOf('=') + 1))
      const margin = 300
      server.advance(knownBrowserSeconds - margin)
      await lockOut(world, email)
      const renewed = await withProof(old)
      expect([old === '', renewed.status]).toEqual([false, 303])
      // The door is locked for longer than that: nothing but the proof has changed.
      server.advance(margin)
      expect((await trySignIn(world, email, password)).status).toBe(429)
      expect((await withProof(old)).status).toBe(429)
      expect((await withProof(proofIn(world, renewed))).status).toBe(303)
    },
  },
  {
    id: 'C47',
    name: 'a new browser and a new sign-in open no locked door',
    source: 'NIST SP 800-63B-4 §3.2.2',
    run: async ({ plain, locked }) => {
      for (let times = 0; times < 3; times += 1)
        expect((await trySignIn(plain, locked.email, locked.password)).status).toBe(429)
    },
  },
  {
    id: 'C47',
    name: 'behind a proxy the address it saw counts, not those that were written before it',
    source: 'RFC 7239 §8.1, OWASP ASVS 4.1.3',
    run: async ({ proxied }) => {
      const person = await proxied.server.addAccount('behind-proxy@example.com')
      await lockOut(proxied, person.email, from('203.0.113.20, 203.0.113.21'))
      for (const hops of [
        '1.2.3.4, 203.0.113.21',
        '203.0.113.99,203.0.113.21',
        '127.0.0.1, 203.0.113.21',
        '203.0.113.21:4711',
      ])
        expect([hops, (await trySignIn(proxied, person.email, person.password, from(hops))).status]).toEqual([
          hops,
          429,
        ])
    },
  },
  ...['unknown', '', ',,,', '999.1.1.1', 'x'.repeat(5_000), '[::1', '127.0.0.1', '::ffff:127.0.0.1'].map(
    (hops): Row => ({
      id: 'C47',
      name: `X-Forwarded-For ${hops.length > 40 ? `of ${hops.length} letters` : JSON.stringify(hops)} from the proxy is somebody, and no failure`,
      source: 'RFC 7239 §8.1',
      run: async ({ proxied }) => {
        expect((await trySignIn(proxied, 'nobody@example.com', 'wrong', from(hops))).status).toBe(401)
      },
    }),
  ),
]

const victims: readonly Row[] = [
  {
    id: 'C48',
    name: 'who is locked out at one address gets in at another',
    source: 'OWASP ASVS 6.1.1',
    run: async ({ proxied }) => {
      const person = await proxied.server.addAccount('victim@example.com')
      await lockOut(proxied, person.email, from('203.0.113.66'))
      expect((await trySignIn(proxied, person.email, person.password, from('203.0.113.66'))).status).toBe(429)
      expect((await trySignIn(proxied, person.email, person.password, from('203.0.113.5'))).status).toBe(303)
    },
  },
  {
    id: 'C48',
    name: 'others at an address that is locked out from one person get in',
    source: 'OWASP ASVS 6.1.1',
    run: async ({ plain, locked }) => {
      expect((await trySignIn(plain, locked.email, locked.password)).status).toBe(429)
      const { email, password } = plain.server.account
      expect((await trySignIn(plain, email, password)).status).toBe(303)
    },
  },
  {
    id: 'C48',
    name: 'neighbours in one IPv6 network are one address, and those in the next are not',
    source: 'OWASP ASVS 6.1.1, RFC 6177',
    run: async ({ proxied }) => {
      const person = await proxied.server.addAccount('six@example.com')
      await lockOut(proxied, person.email, from('2001:db8:0:1::1'))
      const at = async (address: string) =>
        (await trySignIn(proxied, person.email, person.password, from(address))).status
      expect([await at('2001:db8:0:1:ffff::2'), await at('2001:db8:0:2::1')]).toEqual([429, 303])
    },
  },
  {
    id: 'C51',
    name: 'sixty sign-ins at once are looked at or told to wait, and others are answered meanwhile',
    source: 'Rauthy max_hash_threads',
    run: async ({ proxied }) => {
      const form = await openForm(proxied)
      let ended = false
      const flood = Promise.all(
        Array.from({ length: 60 }, (_, index) =>
          form.send({ email: `flood-${index}@example.com`, password: 'x' }, from(`192.0.2.${index}`)),
        ),
      ).finally(() => {
        ended = true
      })
      const answered = await fetchWhile(proxied, () => ended)
      for (const { status, headers } of await flood) {
        expect([401, 503]).toContain(status)
        if (status === 503) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
      }
      expect(answered.length).toBeGreaterThan(0)
      expect(new Set(answered)).toEqual(new Set([200]))
    },
  },
]

async function fetchWhile({ server }: ServerWorld, isOver: () => boolean): Promise<readonly number[]> {
  const statuses: number[] = []
  do {
    const answer = await fetch(`${server.issuer}/jwks`)
    await answer.arrayBuffer()
    statuses.push(answer.status)
  } while (!isOver())
  return statuses
}

export const attacks: readonly Row[] = [...throttle, ...dodges, ...victims]
