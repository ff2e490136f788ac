/** Groups of people in a file, and the groups that resources name (`access`). */

import type { DeclaredGroup } from '../oauth/declared-resource.js'
import { normalizeEmail } from '../oauth/email-address.js'
import { everyone } from '../oauth/groups.js'
import { nearestName } from '../oauth/nearest-name.js'
import { type GroupEntry, groupSchema } from './file-schema.js'
import { type Complain, type Raw, rawOf, textOf, textsOf } from './raw.js'
import type { ResourceOrigin } from './resource-entries.js'
import type { Path } from './yaml-document.js'

/** An entry, its addresses as accounts have them. */
export type StoredGroup = GroupEntry

/** The file as far as it was judged. */
export interface JudgedDocument {
  complainAt(around: Path): Complain
  placesOf(around: Path, entry: Raw): Readonly<Record<string, string>>
  entries(member: string): readonly Raw[]
}

export function readGroups(judgement: JudgedDocument) {
  const seen = new Set<string>()
  return judgement.entries('groups').flatMap((entry, index) => {
    const around = ['groups', index]
    const complain = judgement.complainAt(around)
    const name = textOf(entry['name'])
    if (name === everyone) complain(['name'], `${everyone} is everybody with an account: it is not declared`)
    if (name !== undefined && seen.has(name)) complain(['name'], `name ${name} is that of another group`)
    if (name !== undefined) seen.add(name)
    const known = new Set<string>()
    for (const [place, text] of textsOf(entry['members'])) {
      const address = normalizeEmail(text)
      if (address === undefined) complain(['members', place], `${JSON.stringify(text)} is not an email address`)
      else if (known.has(address)) complain(['members', place], `${address} is listed twice`)
      known.add(address ?? '')
    }
    const read = groupSchema.safeParse(entry)
    if (!read.success) return []
    const { members, ...rest } = read.data
    const addresses = members?.map((text) => normalizeEmail(text) ?? text)
    const value: StoredGroup = { ...rest, ...(addresses !== undefined && { members: addresses }) }
    const placeOf = (place: number) => judgement.placesOf([...around, 'members', place], {})[''] ?? ''
    const ofMembers = textsOf(entry['members']).map(([place, text]) => [
      `members.${normalizeEmail(text)}`,
      placeOf(place),
    ])
    const places = { ...judgement.placesOf(around, entry), ...Object.fromEntries(ofMembers) }
    return [{ id: read.data.name, value, places }]
  })
}

/** `groups`: the names that are declared. */
export function judgeAccess(judgement: JudgedDocument, groups: readonly unknown[]): void {
  const names = [everyone, ...groups.filter((name) => typeof name === 'string')]
  for (const [index, entry] of judgement.entries('resources').entries()) {
    const complain = judgement.complainAt(['resources', index])
    for (const name of Object.keys(rawOf(entry['access']))) {
      if (names.includes(name)) continue
      const meant = nearestName(name, names)
      const hint = meant === undefined ? 'declare it under groups' : `did you mean ${meant}?`
      complain(['access', name], `${JSON.stringify(name)} is no group: ${hint}`)
    }
  }
}

export function declaredGroup(
  { name, title, members }: StoredGroup,
  { source, places }: ResourceOrigin,
): DeclaredGroup {
  return { name, title: title ?? name, members: new Set(members), source, places }
}
