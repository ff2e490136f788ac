/** How far the models are explored: by `npm test`, and by `npm run model`, which takes minutes. */
import type { RefreshBounds } from './refresh-model.js'
import type { SingleUseBounds } from './single-use-model.js'

const quiet = { theft: false, revocation: false, isSlow: false, outages: 0, losses: 0 }

export const refreshBounds: Readonly<Record<string, RefreshBounds>> = {
  // One request at a time: who sends the old token again while its successor is used already cannot be told from a thief.
  'a client alone, one answer lost': { ...quiet, requests: 6, inFlight: 1, ticks: 5, losses: 1, outages: 1 },
  'a client alone that sends several at once': { ...quiet, requests: 4, inFlight: 3, ticks: 3, outages: 1 },
  'a client alone whose requests take longer than the grace': {
    ...quiet,
    requests: 3,
    inFlight: 3,
    ticks: 3,
    isSlow: true,
  },
  'a thief and a stranger': { ...quiet, requests: 4, inFlight: 1, ticks: 3, theft: true },
  'a thief at the same moment': { ...quiet, requests: 3, inFlight: 2, ticks: 2, theft: true, isSlow: true },
  'a revocation at any moment': {
    ...quiet,
    requests: 3,
    inFlight: 2,
    ticks: 2,
    losses: 1,
    revocation: true,
    isSlow: true,
  },
}

export const largeRefreshBounds: Readonly<Record<string, RefreshBounds>> = {
  'a client alone, one answer lost': { ...quiet, requests: 8, inFlight: 1, ticks: 6, losses: 1, outages: 1 },
  'everything at once': {
    requests: 3,
    inFlight: 3,
    ticks: 2,
    losses: 1,
    outages: 0,
    theft: true,
    revocation: true,
    isSlow: true,
  },
  'a thief and a stranger': { ...quiet, requests: 5, inFlight: 1, ticks: 4, theft: true },
}

export const singleUseBounds: Readonly<Record<string, SingleUseBounds>> = {
  'an interaction and its code': { kinds: ['allow', 'redeem'], requests: 6, inFlight: 3, putOffs: 1 },
  'a client assertion, beside headers': {
    kinds: ['assertion', 'forged', 'proven'],
    requests: 4,
    inFlight: 3,
    putOffs: 1,
  },
  'a client assertion, beside a forged header': {
    kinds: ['assertion', 'forged'],
    requests: 3,
    inFlight: 2,
    putOffs: 0,
  },
  'an identity assertion': { kinds: ['identity'], requests: 5, inFlight: 3, putOffs: 2 },
}

export const largeSingleUseBounds: Readonly<Record<string, SingleUseBounds>> = {
  'everything at once': {
    kinds: ['allow', 'redeem', 'assertion', 'forged', 'proven', 'identity'],
    requests: 3,
    inFlight: 3,
    putOffs: 1,
  },
}
