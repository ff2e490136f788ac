import { describe, expect, it } from '@jest/globals'
import type { BenchResult, Measurement } from './bench/result.js'
import { renderReadmeTable } from './bench/table.js'

function measurement(...runs: number[]): Measurement {
  const [median = 0, min = 0, max = 0] = [runs[1], Math.min(...runs), Math.max(...runs)]
  return { perSecond: { median, min, max, runs }, p50Ms: 1.25, p99Ms: 9, operations: 100, serverCpuMs: 0.5 }
}

const result: BenchResult = {
  date: '2026-01-01T00:00:00.000Z',
  machine: { cpu: 'A CPU', cores: 2, memoryGiB: 8, system: 'Linux x86_64', node: '24.0.0', engine: '9.13.3' },
  method: { seconds: 1, runs: 3, connections: 64 },
  rows: [
    {
      name: 'refresh',
      label: 'Refresh',
      results: { bare: measurement(1000, 2000, 3000), postgresql: { ...measurement(500, 1000, 1500), statements: 2 } },
    },
  ],
  guard: { guarded: measurement(90, 95, 99), unguarded: measurement(99, 100, 101), ratio: 0.95 },
  verification: { cachedPerSecond: 300_000, uncachedPerSecond: 5_000 },
  passwordCheckCpuMs: 9,
  starts: [{ label: 'PostgreSQL', readyMs: 1_234, idleMiB: 180 }],
}

describe('the table of measurements of the manual', () => {
  it('names ratios first, and leaves out what was not measured', () => {
    const [heading = '', , row = ''] = renderReadmeTable(result).split('\n')
    expect(heading).toMatch(/^\| Operation \| PostgreSQL ÷ bare \| embedded ÷ bare \|/)
    expect(row).toMatch(/^\| Refresh \| 50 % \| – \| 1,000 ±50 % \| – \| 2,000 ±50 % \|/)
  })

  it('says what a crowd of registered clients costs, where that was measured', () => {
    const crowd = {
      clients: { few: 100, many: 100_000 },
      few: measurement(100, 110, 120),
      many: measurement(90, 100, 110),
    }
    expect(renderReadmeTable(result)).not.toContain('registered clients')
    expect(renderReadmeTable({ ...result, crowd: { ...crowd, ratio: 1.104 } })).toContain(
      'Beside 100,000 registered clients a refresh takes 1.10 times as long as beside 100',
    )
  })

  it('shows what the guard leaves of the rate in each framework, beside others', () => {
    const guards = ['none', 'jwt', 'mcp-auth'].map((guard, index) => ({
      framework: 'express',
      guard,
      measurement: measurement(900, 1000, 1100),
      ratio: 1 - index / 10,
    }))
    expect(renderReadmeTable(result)).not.toContain('Framework')
    const table = renderReadmeTable({ ...result, library: guards })
    expect(table).toMatch(/\| Framework \| no guard, \/s \| JWT \|.*mcp-auth 0\.2\.0/)
    expect(table).toMatch(/\| express \| 1,000 \| 90 % \| – \|.* 80 % \| – \|/)
  })

  it('says how soon a revocation is felt, where that was measured', () => {
    const revocations = { database: 'postgresql', count: 1_000, p50Ms: 212, p99Ms: 480, worstMs: 901 }
    expect(renderReadmeTable(result)).not.toContain('revoked')
    expect(renderReadmeTable({ ...result, revocations })).toContain(
      'refused 0.21 s after the revocation was answered (p99 0.48 s, worst 0.90 s): 1,000 revocations, two resource servers',
    )
  })

  it('shows latencies at a fixed rate of arrivals, the tail first, where they were measured', () => {
    const tail = (median: number) => ({
      saturation: 2_000,
      arrivals: 1_200,
      p50Ms: { median: 2, min: 1, max: 3 },
      p99Ms: { median: 6, min: 5, max: 8 },
      tail: { median, min: 2.5, max: 4 },
      operations: 18_000,
      errors: 1,
    })
    const openLoop = {
      date: '2026-01-01T00:00:00.000Z',
      database: 'postgresql' as const,
      method: { share: 0.6, seconds: 3, runs: 5, connections: 64 },
      rows: [
        { name: 'refresh', label: 'Refresh', ...tail(3), bare: tail(3.5) },
        { name: 'tool-call', label: 'Call', ...tail(3) },
      ],
    }
    expect(renderReadmeTable(result)).not.toContain('fixed rate')
    const table = renderReadmeTable({ ...result, openLoop })
    expect(table).toContain('60 % of what the closed loop reached just before, arriving at a fixed rate (PostgreSQL;')
    expect(table).toContain(
      '| Refresh | 3.0 (2.5–4.0) | 3.5 (2.5–4.0) | 2.0 (1.0–3.0) | 6.0 (5.0–8.0) | 1,200 | 2,000 | 18,000 | 1 |',
    )
    expect(table).toContain('| Call | 3.0 (2.5–4.0) | – | 2.0')
    expect(table).toContain('arrivals on 64 connections')
  })

  it('shows what full tables cost, where that was measured', () => {
    const at = (ms: number) => ({ median: ms, min: ms, max: ms })
    const tableSizes = {
      date: '2026-01-01T00:00:00.000Z',
      method: { share: 0.6, seconds: 3, runs: 7, connections: 64 },
      few: { clients: 100, grants: 1_000 },
      many: { clients: 1_000_000, grants: 10_000_000 },
      rows: [
        {
          label: 'Refresh',
          arrivals: 600,
          few: { p50Ms: at(2), p99Ms: at(5), errors: 0 },
          many: { p50Ms: at(2.2), p99Ms: at(6), errors: 2 },
          ratio: { median: 1.2, min: 1.1, max: 1.25 },
        },
      ],
    }
    expect(renderReadmeTable(result)).not.toContain('full tables')
    const table = renderReadmeTable({ ...result, tableSizes })
    expect(table).toContain('beside 1,000,000 clients and 10,000,000 grants with a refresh token each')
    expect(table).toContain('| Refresh | 1.20 (1.10–1.25) | 2.2 / 6.0 | 2.0 / 5.0 | 600 | 2 |')
  })

  it('shows the peer beside ours and how it was set up, where it was measured', () => {
    const peer = {
      date: '2026-01-01T00:00:00.000Z',
      versions: { 'better-auth': '1.7.5' },
      poolSize: 10,
      method: { seconds: 1.5, runs: 5, connections: 64 },
      rows: [
        {
          name: 'refresh',
          label: 'Refresh',
          results: { postgresql: measurement(900, 1000, 1100), peer: measurement(300, 250, 275) },
        },
        { name: 'registration', label: 'Registration', results: { postgresql: measurement(1, 2, 3) } },
      ],
    }
    expect(renderReadmeTable(result)).not.toContain('better-auth')
    const table = renderReadmeTable({ ...result, peer })
    expect(table).toContain('better-auth 1.7.5')
    expect(table).toMatch(/\| Refresh \| 4\.0 × \| 1,000 \| 250 \|/)
    expect(table).toMatch(/\| Registration \| – \| 2\.0 \| not offered \|/)
  })

  it('names the machine', () => {
    expect(renderReadmeTable(result)).toContain('A CPU, 2 cores')
  })
})
