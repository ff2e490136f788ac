/** Group C, class 43: finding out who has an account, and passwords that are nearly right. */
import { expect } from '@jest/globals'
import { testAccount } from '../support/settings.js'
import { essence, nextAddress, type Row, trySignIn } from './passwords-world.js'

export const attacks: readonly Row[] = [
  ...(
    [
      ['an unknown person', 'nobody@example.com', testAccount.password],
      ['a disabled person with the right password', 'disabled@example.com', testAccount.password],
      ['a person of another domain', 'ada@example.org', testAccount.password],
      ['a person with a tag', 'ada+x@example.com', testAccount.password],
      ['a name that is no address', 'ada', 'x'],
      ['a wildcard', '%@example.com', 'x'],
      ['SQL', "' OR 1=1--", "' OR 1=1--"],
      ['5 kB', `${'x'.repeat(5_000)}@example.com`, 'x'.repeat(5_000)],
    ] as const
  ).map(
    ([who, email, password]): Row => ({
      id: 'C43',
      name: `${who} is answered like a wrong password`,
      source: 'OWASP ASVS 6.3.8, Logto #8780',
      note: 'That it takes as long: test/authorization-server/login/authenticator.test.ts.',
      run: async ({ proxied }) => {
        if ((await proxied.server.accounts.findByEmail('disabled@example.com')) === undefined)
          await proxied.server.addAccount('disabled@example.com', { disabled: true })
        const wrong = await trySignIn(proxied, testAccount.email, 'wrong', nextAddress())
        expect(wrong.status).toBe(401)
        const tried = await trySignIn(proxied, email, password, nextAddress())
        expect(essence(tried, email)).toEqual(essence(wrong, testAccount.email))
      },
    }),
  ),
  ...(
    [
      ['and a letter', `${testAccount.password}x`],
      ['and a blank', `${testAccount.password} `],
      ['but its last letter', testAccount.password.slice(0, -1)],
      ['in capitals', testAccount.password.toUpperCase()],
      ['up to U+0000', `${testAccount.password}\0x`],
      ['and a kilobyte', testAccount.password.padEnd(1_100, ' x')],
      ['without blanks', testAccount.password.replaceAll(' ', '')],
      ['with another blank', testAccount.password.replace(' ', '\u00a0')],
    ] as const
  ).map(
    ([what, password]): Row => ({
      id: 'C43',
      name: `the password ${what} is another one`,
      source: 'NIST SP 800-63B-4 §3.1.1.2 (the whole password)',
      run: async (world) => {
        world.secrets.add(password)
        expect((await trySignIn(world.proxied, testAccount.email, password, nextAddress())).status).toBe(401)
      },
    }),
  ),
  {
    id: 'C43',
    name: 'asking for a client, a code or a registration tells nobody who has an account',
    source: 'OWASP ASVS 6.3.8',
    run: async ({ proxied: { server, grant } }) => {
      const pages = await Promise.all(
        [testAccount.email, 'nobody@example.com'].map(async (email) => {
          const query = new URLSearchParams({ client_id: grant.clientId, login_hint: email, id_token_hint: email })
          const answer = await fetch(`${server.issuer}/authorize?${query}`, { redirect: 'manual' })
          return [answer.status, (await answer.text()).replace(/[0-9a-f-]{36}/g, 'ID')]
        }),
      )
      expect(pages[0]).toEqual(pages[1])
    },
  },
]
