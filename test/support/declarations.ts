/** Declarations of resources for tests: constant ones, and ones that a test replaces while servers follow them. */
import {
  constantDeclarations,
  type Declarations,
  type DeclarationsInForce,
  declarationOf,
} from '../../src/oauth/declared-resource.js'
import type { ResourceDeclaration } from '../../src/oauth/resource.js'

export const noDeclarations: DeclarationsInForce = constantDeclarations({ resources: [], assertionIssuers: [] })

/** Each resource with nothing but what it is. The first one is the default. */
export function declaring(...resources: readonly ResourceDeclaration[]): DeclarationsInForce {
  const declared = resources.map((each, index) => declarationOf(each, { isDefault: index === 0 }))
  return constantDeclarations({ resources: declared, assertionIssuers: [] })
}

export interface MutableDeclarations extends DeclarationsInForce {
  replace(declarations: Partial<Declarations>): void
}

export function mutableDeclarations(initial: Declarations): MutableDeclarations {
  let current = initial
  return {
    current: () => current,
    replace: (changed) => {
      current = { ...current, ...changed }
    },
  }
}
