/** What an operator puts on the pages besides the product's name and the accent. */
import type { Logo } from './logo.js'

export interface Brand {
  readonly logo?: Logo | undefined
  /** https URLs of the operator's own pages. */
  readonly termsUrl?: string | undefined
  readonly privacyUrl?: string | undefined
  /** Where people reach the operator: an email address or an https URL. */
  readonly support?: string | undefined
}

/** As pages show it. */
export interface SupportLink {
  readonly shown: string
  readonly href: string
}

export function supportLink(support: string | undefined): SupportLink | undefined {
  if (support === undefined) return undefined
  if (!support.startsWith('https://'))
    return { shown: support, href: `mailto:${encodeURIComponent(support).replace('%40', '@')}` }
  const { host, pathname } = new URL(support)
  return { shown: `${host}${pathname === '/' ? '' : pathname}`, href: support }
}
