/**
 * The base images, pinned by digest where they are named: `node:24-trixie-slim@sha256:…` in Dockerfile and the compose files. A tag is
 * somebody else's to move; a digest names bytes. Renewing asks the registry what the tag is now (OCI Distribution Specification 1.1).
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'

/** Where each image is named. The variable lets a machine take another image in its place. */
export const baseImages = [
  { variable: 'NODE_IMAGE', file: 'Dockerfile', pattern: /^(ARG NODE_IMAGE=)(\S+)$/m },
  {
    variable: 'POSTGRES_IMAGE',
    file: 'docker-compose.yml',
    pattern: /^( +image: \$\{POSTGRES_IMAGE:-)([^}]+)(?=\}$)/m,
  },
  {
    variable: 'CADDY_IMAGE',
    file: 'docker-compose.proxy.yml',
    pattern: /^( +image: \$\{CADDY_IMAGE:-)([^}]+)(?=\}$)/m,
  },
] as const

type BaseImage = (typeof baseImages)[number]

/** `node:24-trixie-slim`, or that with `@sha256:…` behind it. Throws an Error if the text does not name the image. */
export function referenceIn({ pattern, file, variable }: BaseImage, text: string): string {
  const reference = pattern.exec(text)?.[2]
  if (reference === undefined) throw new Error(`${file} does not name ${variable}`)
  return reference
}

/** The text with another reference. */
export const withReference = ({ pattern }: BaseImage, text: string, reference: string): string =>
  text.replace(pattern, (_, before: string) => `${before}${reference}`)

export const isPinned = (reference: string): boolean => /@sha256:[0-9a-f]{64}$/.test(reference)

interface Place {
  /** Of the registry's API: `https://registry-1.docker.io`. */
  readonly registry: string
  readonly repository: string
  readonly tag: string
}

/** Names without a host are those of Docker Hub; `library/` holds its official images. */
export function placeOf(reference: string): Place {
  const [named = ''] = reference.split('@')
  const [, path = '', tag = 'latest'] = /^(.*?)(?::([\w.-]+))?$/.exec(named) ?? []
  const [host = '', ...rest] = path.split('/')
  if (rest.length > 0 && /[.:]|^localhost$/.test(host))
    return { registry: `https://${host}`, repository: rest.join('/'), tag }
  return { registry: 'https://registry-1.docker.io', repository: rest.length === 0 ? `library/${path}` : path, tag }
}

const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ')

const tokenSchema = z.union([
  z.object({ token: z.string() }).transform(({ token }) => token),
  z.object({ access_token: z.string() }).transform(({ access_token: token }) => token),
])

async function tokenFor(challenge: string, fetch: typeof globalThis.fetch): Promise<string> {
  const parameters: Record<string, string> = {}
  for (const [, name = '', value = ''] of challenge.matchAll(/(\w+)="([^"]*)"/g)) parameters[name] = value
  const { realm, ...others } = parameters
  if (!/^bearer /i.test(challenge) || realm === undefined)
    throw new Error(`the registry asks for a sign-in that this script does not know: ${challenge}`)
  const url = new URL(realm)
  for (const [name, value] of Object.entries(others)) url.searchParams.set(name, value)
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url.origin} gives no token: ${response.status}`)
  return tokenSchema.parse(await response.json())
}

/**
 * The digest of what a tag names now, for all platforms together. It is counted from the bytes that the registry sends, and has to be what the
 * registry says of them. Throws an Error if the registry cannot be reached or has no such tag.
 */
export async function currentDigest(place: Place, fetch: typeof globalThis.fetch = globalThis.fetch): Promise<string> {
  const url = `${place.registry}/v2/${place.repository}/manifests/${place.tag}`
  const ask = (authorization: Record<string, string>) =>
    fetch(url, { headers: { accept: manifestTypes, ...authorization } })
  let response = await ask({})
  if (response.status === 401) {
    const token = await tokenFor(response.headers.get('www-authenticate') ?? '', fetch)
    response = await ask({ authorization: `Bearer ${token}` })
  }
  if (!response.ok) throw new Error(`${url}: ${response.status}`)
  const digest = `sha256:${createHash('sha256')
    .update(Buffer.from(await response.arrayBuffer()))
    .digest('hex')}`
  const said = response.headers.get('docker-content-digest')
  if (said !== null && said !== digest) throw new Error(`${url}: the registry says ${said}, its bytes are ${digest}`)
  return digest
}

/** The reference with the digest that its tag has now. */
export async function renewed(
  reference: string,
  digestOf: (place: Place) => Promise<string> = currentDigest,
): Promise<string> {
  const [named = ''] = reference.split('@')
  return `${named}@${await digestOf(placeOf(named))}`
}
