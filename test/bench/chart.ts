/** The saved measurements as a picture: what is left of the bare engine's rate, and how many times a peer's rate is reached. */
import { svg, textAt } from '../pictures/svg.js'
import { type BenchResult, ratioOf, ratioToBare } from './result.js'

const [labelEnd, barStart, barWidth, rowHeight] = [320, 332, 300, 34]

/** At 100 % two thirds of the width; what is longer is cut, with its number beside it. */
const widthOf = (share: number, full: number) => Math.round(Math.min(share / full, 1) * barWidth * 10) / 10

const bar = (y: number, width: number, kind: 'bar' | 'bar2', told: string) =>
  `<rect class="${kind}" x="${barStart}" y="${y}" width="${width}" height="11" rx="2"/>${textAt(barStart + width + 6, y + 10, told, 'small')}`

const percent = (share: number) => `${Math.round(share * 100)} %`

export function benchChart({ rows, peer, machine, date }: BenchResult): string {
  const compared = rows.flatMap((row) => {
    const [postgresql, embedded] = [ratioToBare(row, 'postgresql'), ratioToBare(row, 'embedded')]
    return postgresql === undefined || embedded === undefined ? [] : [{ label: row.label, postgresql, embedded }]
  })
  const beside = (peer?.rows ?? []).flatMap(({ label, results: { postgresql, peer: other } }) =>
    postgresql === undefined || other === undefined ? [] : [{ label, times: ratioOf(postgresql, other) }],
  )
  const highest = Math.max(...compared.flatMap(({ postgresql, embedded }) => [postgresql, embedded]))
  const most = Math.max(...beside.map(({ times }) => times), 1)
  const first = 84
  const second = first + compared.length * rowHeight + 56
  const full = barStart + widthOf(1, highest)
  const names = Object.entries(peer?.versions ?? {}).map(([name, version]) => `${name} ${version}`)
  return svg({
    width: 720,
    height: second + beside.length * 24 + 44,
    title: 'Requests per second beside the bare engine, and beside a peer',
    description: [
      ...compared.map(
        ({ label, postgresql, embedded }) =>
          `${label}: ${percent(postgresql)} of the bare engine on PostgreSQL, ${percent(embedded)} embedded.`,
      ),
      ...beside.map(({ label, times }) => `${label}: ${times.toFixed(1)} times the peer.`),
    ].join(' '),
    body: [
      textAt(
        20,
        30,
        `Requests per second, in per cent of the bare engine (oidc-provider ${machine.engine}, in memory)`,
        'strong',
      ),
      `<rect class="bar" x="20" y="44" width="11" height="11" rx="2"/>${textAt(37, 54, 'PostgreSQL', 'small')}`,
      `<rect class="bar2" x="120" y="44" width="11" height="11" rx="2"/>${textAt(137, 54, 'embedded', 'small')}`,
      `<path class="line" d="M${full} 66V${first + compared.length * rowHeight - 8}"/>${textAt(full, 62, '100 %', 'middle small soft')}`,
      ...compared.flatMap(({ label, postgresql, embedded }, index) => {
        const y = first + index * rowHeight - 8
        return [
          textAt(labelEnd, y + 16, label, 'end'),
          bar(y, widthOf(postgresql, highest), 'bar', percent(postgresql)),
          bar(y + 13, widthOf(embedded, highest), 'bar2', percent(embedded)),
        ]
      }),
      textAt(20, second - 18, `Times the rate of ${names[0] ?? 'a peer'}, on the same PostgreSQL`, 'strong'),
      ...beside.flatMap(({ label, times }, index) => {
        const y = second + index * 24
        return [textAt(labelEnd, y + 11, label, 'end'), bar(y, widthOf(times, most), 'bar', `${times.toFixed(1)} ×`)]
      }),
      textAt(
        20,
        second + beside.length * 24 + 24,
        `${machine.cpu}, ${machine.cores} cores for everything; Node ${machine.node}; ${date.slice(0, 10)}`,
        'small soft',
      ),
    ],
  })
}
