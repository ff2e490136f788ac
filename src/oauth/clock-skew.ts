/** Tolerances for differences between the clocks of machines. */

/**
 * How many seconds a time from another machine (`iat`, `nbf`) may be in the future. An honest one is only if the verifier's clock lags, and
 * accepting it does not extend `exp`. FAPI 2.0 refuses more than this.
 */
export const futureToleranceSeconds = 60
