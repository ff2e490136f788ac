/** Entries of `identity_providers`: rules beyond their shape, and their secrets, which come from files or variables of their own. */
import { dirname } from 'node:path'
import { providerIssuer, providerMistakes } from '../oauth/identity-provider.js'
import { type SecretSources, secretOf } from './client-entries.js'
import { providerSchema } from './provider-schema.js'
import { type Complain, type Raw, rawOf, textOf } from './raw.js'
import type { Path } from './yaml-document.js'

/** `secret`: what its members say; the entry itself holds none. */
export interface ProviderEntry {
  readonly id: string
  readonly value: Raw
  readonly places: Readonly<Record<string, string>>
  readonly secret?: string | undefined
}

interface ProviderReading {
  readonly entries: readonly Raw[]
  /** Names of the groups that are declared. */
  readonly groups: readonly unknown[]
  readonly complainAt: (around: Path) => Complain
  readonly placesOf: (around: Path, entry: Raw) => ProviderEntry['places']
}

function complainOfRepeated(entries: readonly Raw[], { complainAt }: ProviderReading): void {
  const first = (member: (entry: Raw) => string | undefined, entry: Raw) =>
    entries.find((each) => member(each) === member(entry))
  for (const [index, entry] of entries.entries()) {
    const complain = complainAt(['identity_providers', index])
    const [id, issuer] = [textOf(entry['id']), providerIssuer(entry)]
    if (id !== undefined && first((each) => textOf(each['id']), entry) !== entry)
      complain(['id'], `id ${id} is named twice`)
    // Another client of the same issuer may know the same person by another `sub`, and another person by this one.
    if (issuer !== undefined && first(providerIssuer, entry) !== entry)
      complain(['issuer'], `issuer ${issuer} is named twice`)
  }
}

/** `path`: of the file. `sources` undefined: no secret is read. */
export function readProviders(
  reading: ProviderReading,
  path: string,
  sources: SecretSources | undefined,
): readonly ProviderEntry[] {
  const { entries } = reading
  complainOfRepeated(entries, reading)
  return entries.flatMap((entry, index) => {
    const around = ['identity_providers', index]
    const complain = reading.complainAt(around)
    for (const { member, text } of providerMistakes(entry)) complain(member === undefined ? [] : [member], text)
    if (entry['client_secret'] !== undefined)
      complain(['client_secret'], 'client_secret does not belong here: use client_secret_file or client_secret_env')
    if (entry['client_secret_file'] !== undefined && entry['client_secret_env'] !== undefined)
      complain(['client_secret_env'], 'client_secret_file and client_secret_env exclude each other')
    if (
      entry['preset'] === 'github' &&
      !['client_secret_file', 'client_secret_env'].some((name) => entry[name] !== undefined)
    )
      complain([], 'needs client_secret_file or client_secret_env: GitHub has no public clients')
    for (const [there, here] of Object.entries(rawOf(rawOf(entry['groups'])['map'])))
      if (typeof here === 'string' && !reading.groups.includes(here))
        complain(['groups', 'map', there], `groups.map names the group ${here}, which is not declared`)
    const secret = sources && secretOf(entry, dirname(path), sources, complain, 1)
    const id = textOf(entry['id'])
    if (id === undefined || !providerSchema.safeParse(entry).success) return []
    return [{ id, value: entry, places: reading.placesOf(around, entry), secret }]
  })
}
