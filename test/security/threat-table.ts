/**
 * What the threat table covers, for the manual: its groups with the number of their rows, the classes of attack that the catalogue
 * names, and which of them are held by a test that is no row because it needs more than requests.
 */
import { readdirSync } from 'node:fs'
import type { Group } from './attack.js'

/** A test: file under test/, title. */
type Proof = readonly [file: string, title: string]

interface Subject {
  readonly what: string
  /** File in this folder that runs the rows. */
  readonly file: string
  /** Classes of attack, by their numbers in the catalogue. */
  readonly classes: readonly number[]
}

export const subjects: Readonly<Record<Group, Subject>> = {
  A: {
    what: 'authorization requests and their answers',
    file: 'authorization-requests.test.ts',
    classes: [1, 2, 4, 5, 6, 7, 8, 10, 11, 12, 14, 15, 16, 17, 18, 20, 21],
  },
  B: {
    what: 'sign-in and consent pages, sessions, cookies',
    file: 'pages.test.ts',
    classes: [22, 24, 25, 26, 27, 29, 30, 31, 32, 33, 35, 37, 38, 40, 42],
  },
  C: {
    what: 'passwords, guessing, who has an account',
    file: 'passwords.test.ts',
    classes: [43, 44, 45, 47, 48, 50, 51, 52, 53],
  },
  D: {
    what: 'token endpoint, client authentication, credentials used twice',
    file: 'token-endpoint.test.ts',
    classes: [55, 56, 58, 59, 62, 64, 65, 66, 67, 69, 70, 71, 72, 73, 75, 76, 77, 78],
  },
  E: {
    what: 'introspection, revocation, keys, metadata',
    file: 'introspection-and-metadata.test.ts',
    classes: [79, 80, 81, 83, 85, 86, 87, 88, 89],
  },
  F: {
    what: 'dynamic registration and its tokens',
    file: 'registration.test.ts',
    classes: [91, 92, 93, 95, 96, 97, 98, 100],
  },
  G: {
    what: 'clients that name themselves by URL, and what is fetched for them',
    file: 'client-documents.test.ts',
    classes: [101, 103, 104, 105, 107, 108, 111, 112, 113, 114],
  },
  H: {
    what: 'the MCP server: tokens, scopes, hosts, other people’s data',
    file: 'resource-server.test.ts',
    classes: [115, 116, 118, 120, 123, 124, 126, 128, 129, 131, 133],
  },
  I: {
    what: 'HTTP on a socket, logs, errors, what must not be reachable',
    file: 'http-layer.test.ts',
    classes: [134, 136, 137, 139, 140, 141, 143],
  },
  J: {
    what: 'starting, stopping, databases in trouble',
    file: 'operation.test.ts',
    classes: [144, 145, 146, 147, 148, 149, 150, 151, 153, 154, 155, 156],
  },
}

/** Classes without a row, and the tests that hold them. */
export const elsewhere: readonly { readonly id: string; readonly what: string; readonly tests: readonly Proof[] }[] = [
  {
    id: 'G113',
    what: 'the host of a client’s document is down when tokens are renewed',
    tests: [
      [
        'authorization-server/client-documents.test.ts',
        'and %s, the last good copy stands in, here and elsewhere, for a week',
      ],
    ],
  },
  {
    id: 'H128',
    what: 'a token goes on after its grant, client or person ended',
    tests: [
      [
        'system/revocation.test.ts',
        'is felt at two resource servers within two seconds, over a restart of the authorization server',
      ],
    ],
  },
  {
    id: 'J150',
    what: 'clocks that differ: five seconds at the resource server are forgiven, no more',
    tests: [
      ['resource-server/verifier.test.ts', 'accepts %s'],
      ['resource-server/verifier.test.ts', 'refuses %s'],
    ],
  },
  {
    id: 'J151',
    what: 'a key changes while tokens are used',
    tests: [
      [
        'authorization-server/key-rotation.test.ts',
        'happens by itself, at both of two processes, three times under load, and no valid token is ever refused',
      ],
    ],
  },
  {
    id: 'J153',
    what: 'several processes start on a new version’s schema, or one migration fails',
    tests: [
      ['database/migrate.test.ts', 'wait for one another and are applied once'],
      ['database/migrate.test.ts', 'stay pending when one fails, so that the next start is not taken for ready'],
    ],
  },
  {
    id: 'J154',
    what: 'a database restored from a dump: what was revoked before the dump is published again',
    tests: [
      [
        'storage/revocations/revocations.test.ts',
        'that a dump brought along, from transactions still to come, are told to who starts anew, all and once',
      ],
    ],
  },
  {
    id: 'J156',
    what: 'a mountain of expired rows',
    tests: [['storage/stores.test.ts', 'deletes in batches what expired a while ago, and nothing else']],
  },
]

/** Ids of all rows of all tables. */
export async function attackIds(): Promise<readonly string[]> {
  const files = readdirSync(new URL('.', import.meta.url)).filter((file) => file.endsWith('-attacks.ts'))
  const ids: string[] = []
  // One after the other: Jest trips over modules that are linked at the same time.
  for (const file of files) {
    const { attacks }: { attacks: readonly { id: string }[] } = await import(`./${file.replace(/\.ts$/, '.js')}`)
    ids.push(...attacks.map(({ id }) => id))
  }
  return ids
}

const link = (file: string) => `[\`${file}\`](../../test/${file})`

/** For the manual: a line for each group, then what is tested elsewhere. */
export async function threatTable(): Promise<string> {
  const ids = await attackIds()
  const groups = Object.entries(subjects).map(([group, { what, file }]) => {
    const count = ids.filter((id) => id.startsWith(group)).length
    return `| ${group} | ${what} | ${count} | ${link(`security/${file}`)} |`
  })
  const files = (tests: readonly Proof[]) => [...new Set(tests.map(([file]) => link(file)))].join(', ')
  return [
    `${ids.length} rows, each one input or some spellings of one attack:`,
    '',
    '| | attacks on | rows | run by |',
    '|---|---|---|---|',
    ...groups,
    '',
    'Held by tests that are no rows, because they need more than requests:',
    '',
    '| | what | test |',
    '|---|---|---|',
    ...elsewhere.map(({ id, what, tests }) => `| ${id} | ${what} | ${files(tests)} |`),
  ].join('\n')
}
