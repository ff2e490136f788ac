/**
 * Who can publish at a host. A name below a suffix of a hosting company, or a host that serves anyone's files, belongs to a customer
 * whom nobody has checked: such a host is no evidence of who made a client. Knows the private section of the Public Suffix List
 * (publicsuffix.org) from the package `tldts`, and some hosts which that list cannot contain.
 */
import { domainToUnicode } from 'node:url'
import { getDomain, parse } from 'tldts'

/**
 * Hosts, with all below them, that serve anyone's files by path or by a tunnel's name: paste, mock and JSON services, stores of files,
 * mirrors of npm and GitHub, sites of games and pages. The list above has only suffixes. No list is complete.
 */
const publicHosts: readonly string[] = `
  000webhostapp.com 0x0.st 4everland.io accounts.dev airtableusercontent.com aliyuncs.com alpic.live amazoncognito.com ampproject.org
  angelfire.com apiary-mock.com apify.actor apps.salesforce.com ar.io archive.org arweave.net atlassian.net auth0.com
  azurecontainerapps.io b-cdn.net b2clogin.com b4a.run backblazeb2.com bashupload.com beeceptor.com bitbucket.org bolt.host bolt.new
  bore.pub bpa.st bubble.io bubbleapps.io bundle.run canva.site carrd.co catbox.moe cdn.shopify.com cdn77.org cl1p.net claude.site
  cloudapp.azure.com cloudflareaccess.com codeberg.org codepen.io codesandbox.io coding.net combinatronics.com contabostorage.com
  controlc.com created.app crudcrud.com csb.app deno.land devtunnels.ms discordapp.com discordapp.net docs.google.com dpaste.com
  dpaste.org drive.google.com dropboxusercontent.com dweb.link elemecdn.com esm.run esm.sh expose.dev extendsclass.com fastgit.org
  fastmcp.app file.io filebin.net filestackcontent.com fleek.xyz force.com framagit.org framer.app framer.website framerusercontent.com
  freshdesk.com gamejolt.net getpantry.cloud getsandbox.com gh-proxy.com ghost.io ghproxy.com ghproxy.net gist.github.com gitcdn.link
  gitcdn.xyz gitcode.com gitea.com gitee.com gitflic.ru githack.com github.dev gitlab.com gitlab.gnome.org gitpod.io gitverse.ru
  glitch.me godaddysites.com gofile.io googleusercontent.com gradio.live hackmd.io hashnode.dev hastebin.com helpscoutdocs.com
  hookdeck.com hs-sites.com huggingface.co ibb.co ic0.app icp0.io idrivee2.com ik.imagekit.io imagedelivery.net imgix.net imgur.com
  intercom.help invent.kde.org ipfs.io itch.io itch.zone ix.io jimdosite.com jsbin.com jsdelivr.com jsdelivr.net jsfiddle.net jsonbin.io
  jsonblob.com jsonhosting.com jsonkeeper.com jsonserve.com jsonsilo.com jsonstorage.net jspm.dev jspm.io jsr.io justpaste.it
  kaggleusercontent.com kinsta.app kkgithub.com koyeb.app kvdb.io kxcdn.com launchpad.net lhr.life lhrtunnel.link lighthouse.storage
  live.com livejournal.com loca.lt localhost.run localtunnel.me localxpose.io loclx.io logto.app lovable.app mataroa.blog mcp.run
  mediafire.com medium.com mintlify.app mockable.io mockapi.io mockbin.io mockbin.org mocki.io mocklab.io mockoon.app mocky.io modal.run
  my.salesforce.com my.site.com mypinata.cloud myqcloud.com mystrikingly.com n8n.cloud neocities.org nest.land nftstorage.link nip.io
  notabug.org notion.site notionusercontent.com npmmirror.com npoint.io observablehq.com okta-emea.com okta.com oktapreview.com on.aws
  onelogin.com oraclecloud.com osdn.net oshi.at packetriot.net pagure.io paste.ee paste.gg paste.mozilla.org paste.rs paste.ubuntu.com
  pastebin.com pastes.io permagate.io pinata.cloud pinggy.io pinggy.link pipedream.net pixeldrain.com playit.gg plnkr.co pomf.lain.la
  postimg.cc powerappsportals.com prism.stoplight.io privatebin.net pstmn.io r2.cloudflarestorage.com railway.app rawgit.com
  rawgithub.com readme.io registry.npmjs.org rentry.co rentry.org replit.app replit.dev repo.or.cz requestbin.com requestcatcher.com
  requestly.dev requestly.tech res.cloudinary.com retool.com rork.app runpod.net salsa.debian.org scratch.mit.edu script.google.com
  scw.cloud serveo.net service-now.com sharedwithexpose.com sharepoint.com sheetdb.io sirv.com site123.me sites.google.com skypack.dev
  slack-files.com smithery.ai snippet.host softr.app sourceforge.net sprunge.us squarespace-cdn.com squarespace.com sr.ht sslip.io
  stackblitz.com stackblitz.io staqlab.com statically.io storjshare.io streamlit.app substack.com surge.sh telegra.ph temp.sh
  termbin.com tiiny.site tilda.ws tmpfiles.org traefik.me transfer.sh tripod.com trycloudflare.com ttm.sh tumblr.com typicode.com
  ucarecd.net ucarecdn.com ucoz.net uguu.se ungrounded.net unpkg.com unpkg.zhimg.com usrfiles.com v0.app val.run val.town w3s.link
  wasabisys.com webcontainer.io webflow.io webhook.site webnode.page website-files.com weebly.com wiremockapi.cloud wixsite.com
  wixstatic.com wordpress.com wpengine.com write.as wzrd.in x0.at your-objectstorage.com zendesk.com zitadel.cloud zrok.io`
  .trim()
  .split(/\s+/)

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
