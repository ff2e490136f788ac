/**
 * Who can publish at a host. A name below a suffix of a hosting company, or a host that serves anyone's files, belongs to a customer
 * whom nobody has checked: such a host is no evidence of who made a client. Knows the private section of the Public Suffix List
 * (publicsuffix.org) from the package `tldts`, and some hosts which that list cannot contain.
 */
import { getDomain, parse } from 'tldts'

/** Hosts, with all below them, that serve anyone's files by path or by a tunnel's name; the list above has only suffixes. */
const publicHosts: readonly string[] = [
  'beeceptor.com',
  'bitbucket.org',
  'claude.site',
  'codeberg.org',
  'codesandbox.io',
  'csb.app',
  'devtunnels.ms',
  'docs.google.com',
  'drive.google.com',
  'esm.sh',
  'gist.github.com',
  'githack.com',
  'gitlab.com',
  'glitch.me',
  'huggingface.co',
  'jsdelivr.net',
  'jsonbin.io',
  'lhr.life',
  'loca.lt',
  'localhost.run',
  'mocki.io',
  'npoint.io',
  'pastebin.com',
  'pinggy.link',
  'pipedream.net',
  'railway.app',
  'replit.dev',
  'rentry.co',
  'script.google.com',
  'serveo.net',
  'sites.google.com',
  'stackblitz.io',
  'statically.io',
  'unpkg.com',
  'webcontainer.io',
  'webhook.site',
]

/** True when `host` is `domain` or below it. */
export function isUnder(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`)
}

/**
 * The name under which anyone can publish, when `hostname` is there: `github.io` for `ada.github.io`. `undefined`: the host has one
 * owner, as far as the lists know.
 */
export function sharedHost(hostname: string): string | undefined {
  const listed = publicHosts.find((host) => isUnder(hostname, host))
  if (listed !== undefined) return listed
  const { isPrivate, publicSuffix } = parse(hostname, { allowPrivateDomains: true })
  return isPrivate === true ? (publicSuffix ?? hostname) : undefined
}

/** True when both hosts are below one registrable domain, or are the same host. A shared host is its own domain for each customer. */
export function haveOneOwner(hostname: string, other: string): boolean {
  if (hostname === other) return true
  const domain = getDomain(hostname, { allowPrivateDomains: true })
  return domain !== null && domain === getDomain(other, { allowPrivateDomains: true })
}
