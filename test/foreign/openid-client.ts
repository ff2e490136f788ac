/** What every foreign OpenID Connect client must be able to do: `describeOpenIdClient` tests one library. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { z } from 'zod'
import { addClient, type Credentials } from '../clients/operator-clients.js'
import { completeAuthorization } from '../support/authorization.js'
import { createBrowser, pageOf } from '../support/browser.js'
import { freePort } from '../support/free-port.js'
import { type Stack, startStack } from '../support/stack.js'
import { describeIn, type ForeignProgram, type Language, startForeignProgram } from './foreign-program.js'

export interface OpenIdClient {
  readonly library: string
  readonly language: Language
  /** Its file in the language's folder, which does the steps `setUp`, `userinfo`, `refresh`, `revoke`, and those of its kind. */
  readonly program: string
  /** `native`: the step `signIn` opens the browser. `web`: `begin` names a page, `session` tells who signed in there. */
  readonly kind: 'native' | 'web'
  /** How the operator makes the client; `itself` if the program registers itself. */
  readonly client: 'itself' | 'public' | 'confidential'
  /** Further parameters of the step `setUp`. */
  readonly setUp?: Readonly<Record<string, unknown>>
  /** Path of the redirect URI. */
  readonly callback?: string
  /** Whether the library shows the claims of the ID token; it is an OAuth client alone if not. */
  readonly readsIdToken?: boolean
  /** Whether its refresh requests name the scope. */
  readonly namesScopeAtRefresh?: boolean
}

const signedInSchema = z.object({
  scope: z.string(),
  accessToken: z.string(),
  claims: z.record(z.string(), z.unknown()).optional(),
})

const sorted = (scope: unknown) => String(scope).split(' ').sort()

/** The person at a web application's own page: its cookies and ours are those of two sites. Throws an Error unless it says who came. */
async function signInAtWebApplication(
  stack: Stack,
  { url, button }: { readonly url: string; readonly button?: string | undefined },
): Promise<void> {
  const application = createBrowser([url])
  const start = await application.open(url)
  const arrival = button === undefined ? start : await application.press(pageOf(start), button)
  if (!('left' in arrival)) throw new Error(`the application did not send to the issuer: ${arrival.page.text}`)
  const callback = await completeAuthorization(stack.newBrowser(), arrival.left, { account: stack.account })
  const page = pageOf(await application.open(callback))
  if (!page.text.includes('Signed in as')) throw new Error(`the application answered ${page.status}: ${page.text}`)
}

export function describeOpenIdClient(client: OpenIdClient): void {
  describeIn(client.language, client.library, () => {
    const { readsIdToken = true, namesScopeAtRefresh = true, callback = '/callback' } = client
    let stack: Stack
    let program: ForeignProgram

    const signIn = async (scope: string) => {
      if (client.kind === 'native') return signedInSchema.parse(await program.step('signIn', { scope }))
      const begin = z.object({ url: z.string(), button: z.string().optional() })
      await signInAtWebApplication(stack, begin.parse(await program.step('begin', { scope })))
      return signedInSchema.parse(await program.step('session'))
    }
    const refresh = (scope: string) => program.step('refresh', namesScopeAtRefresh ? { scope } : {})

    beforeAll(async () => {
      const redirectUri = `http://127.0.0.1:${await freePort()}${callback}`
      let made: Credentials | undefined
      stack = await startStack({
        database: 'embedded',
        prepare: async (settings) => {
          if (client.client === 'itself') return
          const secret = client.client === 'confidential' ? ['--confidential'] : []
          made = await addClient(settings, client.library, ['--redirect-uri', redirectUri, ...secret])
        },
      })
      program = await startForeignProgram(client.language, client.program, stack)
      const credentials = {
        ...(made === undefined ? {} : { client_id: made.clientId }),
        ...(made?.clientSecret === undefined ? {} : { client_secret: made.clientSecret }),
      }
      await program.step('setUp', { issuer: stack.issuer, redirect_uri: redirectUri, ...credentials, ...client.setUp })
    })
    afterAll(async () => {
      await program?.close()
      await stack?.close()
    })

    it('signs a person in, and knows the e-mail address from ID token and userinfo', async () => {
      const scope = 'openid profile email'
      const signedIn = await signIn(scope)
      expect(program.browser.failures).toEqual([])
      expect(sorted(signedIn.scope)).toEqual(sorted(scope))
      if (readsIdToken) expect(signedIn.claims).toMatchObject({ email: stack.account.email })
      expect(await program.step('userinfo')).toMatchObject({ claims: { email: stack.account.email } })
    })

    it('signs a person in for identity and tools at once, with the same claims', async () => {
      const scope = 'openid email notes:read'
      const signedIn = await signIn(scope)
      expect(program.browser.failures).toEqual([])
      expect(sorted(signedIn.scope)).toEqual(sorted(scope))
      if (readsIdToken) expect(signedIn.claims).toMatchObject({ email: stack.account.email })
      expect(await program.step('userinfo')).toMatchObject({ claims: { email: stack.account.email } })
    })

    it('refreshes with the scope that it asked for, and reads userinfo again', async () => {
      // Without `prompt=consent` offline_access is ignored (OpenID Connect Core §11), at the refresh as well.
      const scope = 'openid email notes:read offline_access'
      const before = await signIn(scope)
      expect(sorted(before.scope)).toEqual(expect.arrayContaining(sorted('openid email notes:read')))
      const refreshed = await refresh(scope)
      expect(sorted(refreshed['scope'])).toEqual(sorted(before.scope))
      expect(refreshed['accessToken']).not.toBe(before.accessToken)
      expect(await program.step('userinfo')).toMatchObject({ claims: { email: stack.account.email } })
    })

    it('is refused after revocation', async () => {
      const scope = 'openid email offline_access'
      await signIn(scope)
      await program.step('revoke')
      await expect(program.step('userinfo')).rejects.toThrow(/401|invalid_token/)
      await expect(refresh(scope)).rejects.toThrow(/invalid_grant/)
    })
  })
}
