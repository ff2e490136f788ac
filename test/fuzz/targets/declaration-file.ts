/** A declaration file: whatever bytes, every declaration or every mistake with its place, no secret in either, nothing that means the issuer. */

import { createResources } from '../../../src/authorization-server/resources/resources.js'
import {
  type DeclaredFile,
  declaredResourceOf,
  FileMistakes,
  type FileRules,
  readDeclarations,
} from '../../../src/declarations/declaration-file.js'
import { exportedFile } from '../../../src/declarations/exported-file.js'
import { notesResource } from '../../../src/notes/notes-resource.js'
import { constantDeclarations } from '../../../src/oauth/declared-resource.js'
import { patternMistakes } from '../../../src/oauth/resource-pattern.js'
import { answerOf, type FuzzTarget, insist, insistEqual } from '../target.js'

/** In each secret, so that it is found wherever it should not be. */
const mark = 'vWq3Zr7Lx0Tn5'
const secrets = {
  readFile: () => `${mark}-8sKd1fPz6YbHc2`,
  environment: { WORKER_SECRET: `${mark}-0jGm4uQe9RtXw6` },
}
const issuer = 'https://auth.example.com'
const settingsUrl = 'https://mcp.example.com/mcp'
const rules: FileRules = {
  issuer,
  notesAt: notesResource,
  registrationRules: { allowedPrivateUseRedirects: new Set() },
  others: (hasResources) => (hasResources ? [] : [{ url: settingsUrl, aliases: [] }]),
  overruledSettings: [],
}

const name = 'gatehouse.yaml'
const line = new RegExp(`^${name}:[1-9]\\d*:[1-9]\\d*: \\P{C}+$`, 'u')

function read(bytes: Uint8Array): DeclaredFile {
  try {
    return readDeclarations(`/etc/${name}`, bytes, secrets, rules)
  } catch (error) {
    if (!(error instanceof FileMistakes)) throw error
    insist(error.lines.length > 0, 'a refusal has a reason')
    for (const each of error.lines) insist(line.test(each.replace('/etc/', '')), 'each mistake has a place', each)
    insist(!error.message.includes(mark), 'no mistake tells a secret', error.message)
    throw error
  }
}

const exported = ({ resources, groups, clients, issuers, providers }: DeclaredFile) =>
  exportedFile({
    resources: resources.map(({ value }) => value),
    groups: groups.map(({ value }) => value),
    clients: clients.map(({ value }) => value),
    issuers: issuers.map(({ value }) => value),
    providers: providers.map(({ value }) => value),
  })

function checkResources(file: DeclaredFile): void {
  const declared = file.resources.map((each) => declaredResourceOf(each, 'file', notesResource))
  const ids = declared.map(({ id }) => id)
  insistEqual([...new Set(ids)], ids, 'an id is one resource’s')
  insist(declared.filter(({ isDefault }) => isDefault).length <= 1, 'one default at most')
  const found = createResources(constantDeclarations({ resources: declared, assertionIssuers: [] }), issuer)
  insist(found.find(issuer) === undefined, 'the issuer is no resource')
  insist(found.find(`${issuer}/`) === undefined, 'nor by another spelling')
  for (const each of declared) {
    insist(each.scopes.length > 0 && each.defaultScopes.length > 0, 'something may be asked for', each)
    if (each.isPattern) insistEqual(patternMistakes(each.url, issuer), [], 'a family that may be declared', each.url)
    else insist(found.find(each.url)?.declared.id === each.id, 'a URL means its own resource', each.url)
    for (const alias of each.aliases) insist(found.find(alias)?.declared.id === each.id, 'and so does an alias', alias)
  }
  for (const { value } of file.clients) {
    for (const url of [value['resources'], value['introspects']].flat()) {
      const isKnown = typeof url === 'string' && (found.find(url) !== undefined || ids.length === 0)
      insist(url === undefined || isKnown || String(url).includes('*'), 'a client names what is declared', url)
    }
  }
}

export const declarationFile: FuzzTarget = {
  name: 'declaration-file',
  surface: 'gatehouse.yaml: every declaration or every mistake with its place, the same again when exported',
  maxBytes: 8_192,
  dictionary: [
    'resources:',
    'clients:',
    'groups: [{ name: staff, members: [ada@example.com] }]',
    'access: { groups: [staff] }',
    'assertion_issuers:',
    'url: https://mcp.example.com/tickets',
    'pattern: https://*.mcp.example.com/*',
    'name: Tickets',
    'scopes: { "t:read": { title: Read, default: true } }',
    'notes: true',
    'aliases: [https://old.example.com/mcp]',
    'tokens: { ttl: 10m, dpop: required }',
    'client_secret_env: WORKER_SECRET',
    'client_secret_file: secret',
    'introspects: ',
    '{1}',
    '&a ',
    '*a',
    '<<: ',
    '__proto__: ',
    '!!binary ',
    '%YAML 1.1\n---\n',
    '\n---\n',
    '\ufeff',
    '\u202e',
    '0x10',
    '~',
  ],
  check: (input) => {
    const file = answerOf(() => read(input), FileMistakes)
    if (file === undefined) return
    checkResources(file)
    const text = exported(file)
    insist(!text.includes(mark), 'no secret is exported')
    insistEqual(exported(read(Buffer.from(text))), text, 'what is exported declares the same', text)
  },
}
