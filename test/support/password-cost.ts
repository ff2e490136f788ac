import type { PasswordCost } from '../../src/authorization-server/login/passwords.js'

/** Of passwords in tests whose subject is not what hashing costs: a thousandth of the product's own. */
export const lowPasswordCost: PasswordCost = { memoryCost: 32, timeCost: 1 }
