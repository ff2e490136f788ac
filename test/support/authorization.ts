/** What a person does between a client's authorization request and its callback: sign in, read, tick, decide. */
import { type Arrival, type Browser, describePage, type Entries, type Page } from './browser.js'

export interface Account {
  readonly email: string
  readonly password: string
}

/** Which scopes to tick: all of them, what the page offers ticked, exactly these, or all but these. */
export type ScopeChoice = 'all' | 'as offered' | readonly string[] | { readonly except: readonly string[] }

/** Whether a person who chooses so ticks this scope. */
export function ticks(allow: Exclude<ScopeChoice, 'as offered'>, scope: string): boolean {
  if (allow === 'all') return true
  return 'except' in allow ? !allow.except.includes(scope) : allow.includes(scope)
}

export interface Person {
  readonly account: Account
  readonly allow?: ScopeChoice
  /** Looks at the consent page before deciding. */
  readonly reads?: (page: Page) => void
  /** Presses `Deny` on the consent page. */
  readonly denies?: boolean
}

function hasButton(page: Page, text: string): boolean {
  return page.forms.some((form) => form.buttons.some((button) => button.text === text && !button.disabled))
}

export const isSignInPage = (page: Page): boolean => hasButton(page, 'Sign in')
export const isConsentPage = (page: Page): boolean => hasButton(page, 'Allow') && hasButton(page, 'Deny')

/** Scopes of a consent page, with the state of their boxes; a required one has no box and counts as ticked. */
export function scopesOn(
  page: Page,
): readonly { readonly name: string; readonly ticked: boolean; readonly required: boolean }[] {
  return page.forms.flatMap(({ fields }) =>
    fields
      .filter(({ name }) => name === 'scope')
      .map(({ value, type, checked, disabled }) => {
        const required = type !== 'checkbox' || disabled
        return { name: value, ticked: required || checked, required }
      }),
  )
}

export function signIn(browser: Browser, page: Page, { email, password }: Account): Promise<Arrival> {
  return browser.press(page, 'Sign in', { Email: email, Password: password })
}

/** Ticks as told and presses `Allow`. Throws when a scope to tick is not on the page. */
export function consent(browser: Browser, page: Page, allow: ScopeChoice = 'all'): Promise<Arrival> {
  const offered = scopesOn(page)
  if (allow === 'as offered') return browser.press(page, 'Allow')
  const wanted = allow === 'all' || 'except' in allow ? [] : allow
  const missing = wanted.filter((name) => !offered.some((scope) => scope.name === name))
  if (missing.length > 0) throw new Error(`the consent page does not offer ${missing.join(', ')}`)
  const entries: Entries = Object.fromEntries(
    offered.filter(({ required }) => !required).map(({ name }) => [`scope=${name}`, ticks(allow, name)]),
  )
  return browser.press(page, 'Allow', entries)
}

export function deny(browser: Browser, page: Page): Promise<Arrival> {
  return browser.press(page, 'Deny')
}

/**
 * Walks from an authorization request to the redirect back to the client and returns that URL, not followed. Pages that are
 * not asked for (a remembered session, a remembered consent) are simply not met. Any other page is an error that quotes it.
 */
export async function completeAuthorization(
  browser: Browser,
  authorizationUrl: string,
  person: Person,
): Promise<string> {
  let arrival = await browser.open(authorizationUrl)
  for (let pages = 0; pages < 4; pages += 1) {
    if ('left' in arrival) return arrival.left
    const { page } = arrival
    if (page.status >= 400) throw new Error(`stopped at ${describePage(page)}`)
    if (isSignInPage(page)) arrival = await signIn(browser, page, person.account)
    else if (isConsentPage(page)) {
      person.reads?.(page)
      arrival = person.denies === true ? await deny(browser, page) : await consent(browser, page, person.allow)
    } else throw new Error(`neither sign-in nor consent: ${describePage(page)}`)
  }
  throw new Error('the same pages came up again and again')
}
