/** The peer beside ours, in words. */
import { latency, rate } from './format.js'
import { type BenchResult, type Row, ratioOf } from './result.js'

function times({ results: { postgresql, peer } }: Row): string {
  return postgresql === undefined || peer === undefined ? '–' : `${ratioOf(postgresql, peer).toFixed(1)} ×`
}

const columns: readonly (readonly [heading: string, cell: (row: Row) => string])[] = [
  ['Operation', ({ label }) => label],
  ['ours ÷ peer', times],
  ['ours /s', ({ results }) => rate(results.postgresql)],
  ['peer /s', ({ results }) => (results.peer === undefined ? 'not offered' : rate(results.peer))],
  ['ours p50 / p99 ms', ({ results }) => latency(results.postgresql)],
  ['peer p50 / p99 ms', ({ results }) => latency(results.peer)],
]

export function peerTable({ peer }: BenchResult): { title: string; table: string[][] }[] {
  if (peer === undefined) return []
  const packages = Object.entries(peer.versions).map(([name, version]) => `${name} ${version}`)
  const { runs, seconds, connections } = peer.method
  return [
    {
      title: `Beside ${packages.join(' with ')} on the same PostgreSQL, in turns (${runs} runs of ${seconds} s, the same load of ${connections} connections). Set up by test/bench/peer/server.mjs as its documentation says, repeated by \`npm run bench -- peer\`: node's HTTP server in production mode, ${peer.poolSize} connections like ours, ES256 access tokens, PKCE, open registration, cached resource, no rate limit, no request log (ours counts and logs every request):`,
      table: [columns.map(([heading]) => heading), ...peer.rows.map((row) => columns.map(([, cell]) => cell(row)))],
    },
  ]
}
