/** Value axes with round steps. */

/** A value axis that ends at a round value. */
export interface Axis {
  readonly max: number;
  /** From 0 to {@link max}, evenly. */
  readonly ticks: readonly number[];
}

/**
 * An axis for values up to `max` in two to five steps of 1, 2 or 5 times a power of `base`'s unit.
 *
 * @param base - 10, or 1024 for bytes, so that steps are round in the unit that is shown
 */
export function axisUpTo(max: number, base: 10 | 1024): Axis {
  const top = max > 0 ? max : 1;
  let unit = 1;
  while (base === 1024 && top / unit >= 1024) unit *= 1024;
  const scaled = top / unit;
  const power = 10 ** Math.floor(Math.log10(scaled / 2));
  const factor = [1, 2, 5, 10].find((each) => scaled / (each * power) <= 4) ?? 10;
  const step = factor * power * unit;
  const count = Math.max(1, Math.ceil(top / step - 1e-9));
  return {
    max: count * step,
    ticks: Array.from({ length: count + 1 }, (_, index) => index * step),
  };
}
