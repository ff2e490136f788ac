/** Addresses of the account area. Pure. */
import { accountPath } from '../routes.js'

export const signInPath = `${accountPath}/sign-in`

/** Where the way to another identity provider begins, and where it ends. */
export const providerSignInPath = `${signInPath}/provider`

/** Where the way to one ends that becomes a way into the account. */
export const connectedPath = `${accountPath}/security/connected`

/** Of a section, or of a page below it. */
export function pathOfSection(name: string): string {
  return name === 'overview' ? accountPath : `${accountPath}/${name}`
}

const ownPath = /^\/account(?:\/[a-z-]{1,40}(?:\/[\w-]{1,80})?)?$/

/** Where to go after a sign-in: a page of this area, and never another place. */
export function wayBack(asked: string | null | undefined): string {
  const isOurs = asked != null && ownPath.test(asked) && !/^\/account\/sign-(?:in|out)/.test(asked)
  return isOurs ? asked : accountPath
}

/** The sign-in page, or a page below it, that leads back to `path`. */
export function signInThen(path: string, below = ''): string {
  return `${signInPath}${below}?to=${encodeURIComponent(wayBack(path))}`
}
