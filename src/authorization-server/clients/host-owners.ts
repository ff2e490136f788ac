/**
 * Who can publish at a host. A name below a suffix of a hosting company, or a host that serves anyone's files, belongs to a customer
 * whom nobody has checked: such a host is no evidence of who made a client. Knows the private section of the Public Suffix List
 * (publicsuffix.org) from the package `tldts`, and some hosts which that list cannot contain.
 */
import { domainToUnicode } from 'node:url'
import { getDomain, parse } from 'tldts'

/** Hosts, with all below them, that serve anyone's files by path or by a tunnel's name; the list above has only suffixes. */
const publicHosts: readonly string[] = [
  '000webhostapp.com',
  '0x0.st',
  'accounts.dev',
  'aliyuncs.com',
  'alpic.live',
  'amazoncognito.com',
  'ampproject.org',
  'apify.actor',
  'apps.salesforce.com',
  'archive.org',
  'arweave.net',
  'atlassian.net',
  'auth0.com',
  'azurecontainerapps.io',
  'b-cdn.net',
  'b2clogin.com',
  'b4a.run',
  'backblazeb2.com',
  'beeceptor.com',
  'bitbucket.org',
  'bolt.host',
  'bore.pub',
  'bubble.io',
  'bubbleapps.io',
  'canva.site',
  'carrd.co',
  'catbox.moe',
  'claude.site',
  'cloudapp.azure.com',
  'cloudflareaccess.com',
  'codeberg.org',
  'codepen.io',
  'codesandbox.io',
  'created.app',
  'csb.app',
  'devtunnels.ms',
  'discordapp.com',
  'docs.google.com',
  'drive.google.com',
  'dropboxusercontent.com',
  'dweb.link',
  'esm.sh',
  'fastmcp.app',
  'force.com',
  'framer.app',
  'framer.website',
  'freshdesk.com',
  'ghost.io',
  'gist.github.com',
  'gitee.com',
  'githack.com',
  'github.dev',
  'gitlab.com',
  'gitpod.io',
  'glitch.me',
  'googleusercontent.com',
  'gradio.live',
  'hackmd.io',
  'helpscoutdocs.com',
  'hookdeck.com',
  'hs-sites.com',
  'huggingface.co',
  'ic0.app',
  'icp0.io',
  'intercom.help',
  'ipfs.io',
  'jsdelivr.net',
  'jsonbin.io',
  'kinsta.app',
  'koyeb.app',
  'lhr.life',
  'live.com',
  'loca.lt',
  'localhost.run',
  'logto.app',
  'lovable.app',
  'mcp.run',
  'medium.com',
  'mintlify.app',
  'mockable.io',
  'mocki.io',
  'modal.run',
  'my.salesforce.com',
  'my.site.com',
  'mypinata.cloud',
  'myqcloud.com',
  'n8n.cloud',
  'neocities.org',
  'nip.io',
  'notion.site',
  'npoint.io',
  'observablehq.com',
  'okta-emea.com',
  'okta.com',
  'oktapreview.com',
  'on.aws',
  'onelogin.com',
  'oraclecloud.com',
  'pastebin.com',
  'pinata.cloud',
  'pinggy.link',
  'pipedream.net',
  'playit.gg',
  'powerappsportals.com',
  'pstmn.io',
  'r2.cloudflarestorage.com',
  'railway.app',
  'readme.io',
  'rentry.co',
  'replit.app',
  'replit.dev',
  'requestbin.com',
  'requestcatcher.com',
  'retool.com',
  'rork.app',
  'runpod.net',
  'script.google.com',
  'serveo.net',
  'service-now.com',
  'sharepoint.com',
  'sites.google.com',
  'smithery.ai',
  'softr.app',
  'sourceforge.net',
  'squarespace.com',
  'sr.ht',
  'sslip.io',
  'stackblitz.io',
  'statically.io',
  'streamlit.app',
  'substack.com',
  'surge.sh',
  'telegra.ph',
  'tiiny.site',
  'traefik.me',
  'trycloudflare.com',
  'tumblr.com',
  'typicode.com',
  'unpkg.com',
  'v0.app',
  'val.run',
  'val.town',
  'w3s.link',
  'wasabisys.com',
  'webcontainer.io',
  'webflow.io',
  'webhook.site',
  'weebly.com',
  'wixsite.com',
  'wordpress.com',
  'wpengine.com',
  'zendesk.com',
  'zitadel.cloud',
  'zrok.io',
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
  const { domain, isPrivate, isIcann, publicSuffix } = parse(hostname, { allowPrivateDomains: true })
  // A suffix itself (`co.uk`) is nobody's.
  const isSuffix = isIcann === true && domain === null
  return isPrivate === true || isSuffix ? (publicSuffix ?? hostname) : undefined
}

/** Names that each computer, or any computer of a local network, answers to itself (RFC 6761 §6.3, RFC 6762 §3), with all below them. */
const localNames: readonly string[] = ['localhost', 'localdomain', 'local', 'lvh.me', 'localtest.me', 'vcap.me']

/** True for a host that has no owner for everybody: loopback, an address, a name of the local network. */
export function isLocalHost(hostname: string): boolean {
  const name = hostname.replace(/\.+$/, '')
  return !name.includes('.') || parse(name).isIp === true || localNames.some((local) => isUnder(name, local))
}

/** True when a document at the host says who made it: one owner has the host, for everybody. */
export function hasOneOwner(hostname: string): boolean {
  return !isLocalHost(hostname) && sharedHost(hostname) === undefined
}

/** What the registrable domain of a host with one owner is called without its suffix: `acme` for `auth.acme.co.uk`. In Unicode. */
export function ownersLabel(hostname: string): { readonly label: string; readonly domain: string } | undefined {
  const { domain, domainWithoutSuffix: label } = parse(hostname, { allowPrivateDomains: true })
  if (domain === null || label === null || label === '' || !hasOneOwner(hostname)) return undefined
  return { label: domainToUnicode(label), domain }
}

/** The host without the suffix that registries sell under: `login.acme` for `login.acme.co.uk`. */
export function withoutSuffix(hostname: string): string {
  const { publicSuffix } = parse(hostname, { allowPrivateDomains: true })
  return publicSuffix === null || hostname === publicSuffix ? hostname : hostname.slice(0, -publicSuffix.length - 1)
}

/**
 * What stands before the registrable domain, dot included: `login.` of `login.acme.com`. The owner chooses it, so it says nothing about who
 * that is. Empty for a host that is the domain, or has none, or that has many owners. `host` may have a port.
 */
export function subdomainOf(host: string): string {
  const hostname = host.replace(/:\d+$/, '')
  const domain = hasOneOwner(hostname) ? domainOf(hostname) : undefined
  return domain === undefined ? '' : hostname.slice(0, -domain.length)
}

/** The registrable domain that a host is below; `undefined` for an address, a name without dots and a suffix. */
export function domainOf(hostname: string): string | undefined {
  return getDomain(hostname, { allowPrivateDomains: true }) ?? undefined
}

/** True when both hosts are below one registrable domain, or are the same host. A shared host is its own domain for each customer. */
export function haveOneOwner(hostname: string, other: string): boolean {
  if (hostname === other) return true
  const domain = domainOf(hostname)
  return domain !== undefined && domain === domainOf(other)
}
