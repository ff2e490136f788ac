/** What the attacks of group C start from: a server that people reach directly, one behind a proxy, and one that has nobody yet. */
import { createSetupLinks, setupLinkUrl } from '../../src/authorization-server/accounts/setup-link.js'
import { passwordCost } from '../../src/authorization-server/login/passwords.js'
import { pageOf } from '../support/browser.js'
import type { Attack, AttackedWorld } from './attack.js'
import { type Changes, fieldOf, postStep, type ServerWorld, signInPage, startServerWorld } from './server-world.js'

export interface PasswordsWorld extends AttackedWorld {
  readonly plain: ServerWorld
  /** Believes X-Forwarded-For, because this test stands where its proxy would. */
  readonly proxied: ServerWorld
  readonly empty: ServerWorld
  /** A person of `plain` whom this address has just used up its tries for. */
  readonly locked: { readonly email: string; readonly password: string }
  close(): Promise<void>
}

export type Row = Attack<PasswordsWorld>

export interface Tried {
  readonly status: number
  readonly headers: Headers
  readonly html: string
}

export interface SignInForm {
  /** Posts these to the form, again and again: a wrong try leaves it open. `step`: another spelling of its address. */
  send(fields: Changes, headers?: Readonly<Record<string, string>>, step?: string): Promise<Tried>
}

export async function openForm(world: ServerWorld): Promise<SignInForm> {
  const browser = world.server.newBrowser()
  const page = await signInPage(world, browser)
  const csrf = fieldOf(page, 'csrf')
  return {
    send: async (fields, headers = {}, step = 'sign-in') => {
      const cookie = [browser.cookies.header(new URL(page.url)), headers['cookie']].filter(Boolean).join('; ')
      const response = await postStep(browser, page, step, { csrf, ...fields }, { ...headers, cookie })
      return { status: response.status, headers: response.headers, html: await response.text() }
    },
  }
}

/** One try in a browser that is new here: the status, 303 when it signed somebody in. */
export async function trySignIn(
  world: ServerWorld,
  email: string,
  password: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Tried> {
  return (await openForm(world)).send({ email, password }, headers)
}

export const from = (address: string) => ({ 'x-forwarded-for': address })

/** Uses up the tries that one address has for somebody. */
export async function lockOut(
  world: ServerWorld,
  email: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const form = await openForm(world)
  const password = 'a wrong pass phrase that nobody has'
  world.secrets.add(password)
  for (let tries = 0; tries < 10; tries += 1) {
    const { status } = await form.send({ email, password }, headers)
    if (status !== 401) throw new Error(`try ${tries + 1} was answered with ${status}`)
  }
}

/** The form of a new set-up link, on a server without accounts. */
export async function openSetUp(world: ServerWorld) {
  const { server, secrets } = world
  await server.storage.prisma.account.deleteMany()
  const token = (await createSetupLinks(server.storage).issue()) ?? ''
  secrets.add(token)
  const link = setupLinkUrl(server.issuer, token)
  const browser = server.newBrowser()
  const page = pageOf(await browser.open(link))
  return { browser, page, link, csrf: fieldOf(page, 'csrf') }
}

export async function startPasswordsWorld(): Promise<PasswordsWorld> {
  const plain = await startServerWorld()
  // A flood of passwords costs this server what it costs the product.
  const proxied = await startServerWorld({ trustedProxies: ['127.0.0.0/8', '::1'], passwordCost })
  const empty = await startServerWorld()
  const locked = await plain.server.addAccount('locked@example.com')
  await lockOut(plain, locked.email)
  const servers = [plain, proxied, empty]
  return {
    plain,
    proxied,
    empty,
    locked,
    get logLines() {
      return servers.flatMap(({ logLines }) => logLines)
    },
    secrets: new Set([...plain.secrets]),
    close: async () => {
      await Promise.all(servers.map(({ server }) => server.close()))
    },
  }
}

/** Everything of an answer but what differs from one sign-in to the next. */
export const essence = ({ status, html, headers }: Tried, email: string) => ({
  status,
  html: html
    .replace(/\/interaction\/[\w-]+/g, '/interaction/UID')
    .replace(/name="csrf" value="[^"]+"/g, 'CSRF')
    .replace(/challenge&#34;:&#34;[\w-]+/g, 'CHALLENGE')
    // Ids are other ones in each answer, so that no fragment from outside leads to a part of the page.
    .replace(/\b(id|for|aria-describedby)="[^"]+"/g, '$1="ID"')
    .replace(/name="email"([^>]*) value="[^"]*"/, `name="email"$1 value="${email === '' ? '' : 'EMAIL'}"`),
  headers: [...headers].filter(([name]) => !['date', 'x-request-id', 'content-length'].includes(name)),
})

/** Tries of addresses that no other row uses. */
let addresses = 0
export const nextAddress = () => {
  addresses += 1
  return from(`198.51.100.${addresses}`)
}
