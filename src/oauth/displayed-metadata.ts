/**
 * Members of client metadata that a person reads and that no decision depends on. A client that registers itself is registered without
 * those that cannot be shown (RFC 7591 §3.2.1). For the operator's clients only registration-rules.ts applies.
 */
import { isOnOwnHost } from './own-hosts.js'
import { canParseUrl } from './url.js'

/** In code points. */
export const maxNameLength = 200
/** In UTF-16 code units, for every other text. */
export const maxTextLength = 2_000
const maxContacts = 20
const maxContactLength = 300

/**
 * Control, format and bidirectional characters, line breaks of every kind, private use, and code points that render as nothing, assigned or
 * not. Variation selectors choose the form of an emoji or letter, and are allowed.
 */
export const deceptiveCharacters: RegExp =
  /[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]|(?!\p{Variation_Selector})\p{Default_Ignorable_Code_Point}/u

export const webUrlStart: RegExp = /^https?:\/\/[^/?#]/i
export const httpsUrlStart: RegExp = /^https:\/\/[^/?#]/i

/** An absolute URL of one of the schemes, as a person reads it: no user, no blank, no backslash. */
export function isWebUrl(value: unknown, schemes: RegExp): boolean {
  if (typeof value !== 'string' || !schemes.test(value) || /[\s\\]/.test(value) || !canParseUrl(value)) return false
  return !/^[^/]*\/\/[^/?#]*@/.test(value)
}

/** Text that can be shown and stored: PostgreSQL cannot store unpaired surrogates. */
function isShowable(value: unknown): value is string {
  return typeof value === 'string' && value.length <= maxTextLength && !/\p{Cs}/u.test(value) && !isDeceptive(value)
}

function isDeceptive(value: string): boolean {
  return deceptiveCharacters.test(value)
}

/** Number of code points. */
export function textLength(value: string): number {
  return [...value].length
}

/** The email addresses among contacts, at most 20. RFC 7591 §2 allows other contacts; the engine does not. */
export function emailContacts(contacts: unknown): string[] {
  if (!Array.isArray(contacts)) return []
  const isEmail = (contact: unknown) =>
    typeof contact === 'string' &&
    contact.length <= maxContactLength &&
    /^[\w.!#$%&'*+/=?^`{|}~-]+@[a-z\d-]+(?:\.[a-z\d-]+)*$/i.test(contact)
  return contacts.filter(isEmail).slice(0, maxContacts)
}

/** A deceptive name is kept unchanged, so that it is refused later: the consent page would show it. */
function shownName(name: unknown): string | undefined {
  if (typeof name !== 'string' || name.trim() === '') return undefined
  if (isDeceptive(name) || textLength(name) <= maxNameLength) return name
  return [...name].slice(0, maxNameLength).join('')
}

function shownContacts(contacts: unknown): string[] | undefined {
  const emails = emailContacts(contacts)
  return emails.length > 0 ? emails : undefined
}

/** Many clients write their version as a number. */
function shownText(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value
  return isShowable(text) ? text : undefined
}

/** The displayable part of each member; `undefined` if there is none. */
const shown: Readonly<Record<string, (value: unknown, schemes: RegExp, ownUrls: readonly string[]) => unknown>> = {
  client_name: shownName,
  contacts: shownContacts,
  software_id: shownText,
  software_version: shownText,
  ...Object.fromEntries(
    ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri'].map((name) => [
      name,
      (value: unknown, schemes: RegExp, ownUrls: readonly string[]) =>
        isShowable(value) && isWebUrl(value, schemes) && !isOnOwnHost(value, ownUrls) ? value : undefined,
    ]),
  ),
  // This server never opens it; the engine accepts https only.
  initiate_login_uri: (value) => (isShowable(value) && isWebUrl(value, httpsUrlStart) ? value : undefined),
}

/**
 * Drops displayed members that cannot be shown, whatever is wrong with them, and shortens a long `client_name`, in place and
 * idempotently. A member with a language tag (`client_name#ja`, RFC 7591 §2.2) is not kept here, so its content does not matter.
 * `onlyHttps`: links of a metadata document are https. `ownUrls`: a link to one of these hosts would borrow the operator's name on the
 * consent page.
 */
export function dropUnshowable(
  metadata: Record<string, unknown>,
  { onlyHttps, ownUrls }: { readonly onlyHttps: boolean; readonly ownUrls: readonly string[] },
): void {
  for (const [name, value] of Object.entries(metadata)) {
    const [base = '', ...language] = name.split('#')
    const show = Object.hasOwn(shown, base) ? shown[base] : undefined
    if (show === undefined || value === undefined) continue
    const left = language.length > 0 ? undefined : show(value, onlyHttps ? httpsUrlStart : webUrlStart, ownUrls)
    if (left === undefined) delete metadata[name]
    else metadata[name] = left
  }
}
