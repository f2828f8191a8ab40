-- purpose: lower end of the 95 % Wilson score interval of a share
-- definition: (p + z2/2n - z sqrt(p(1-p)/n + z2/4n2)) / (1 + z2/n), z = 1.959964, kept within 0 and 1; null when n is 0
-- source: E. B. Wilson (1927), Probable inference, the law of succession, and statistical inference
create or replace macro wilson_low(successes, n) as
    case when n > 0 then greatest(0.0, (
        successes / nullif(cast(n as double), 0) + 1.920729410347062 / nullif(cast(n as double), 0)
        - 1.959963984540054 * sqrt(
            successes / nullif(cast(n as double), 0) * (1 - successes / nullif(cast(n as double), 0))
                / nullif(cast(n as double), 0)
            + 0.960364705173531 / nullif(cast(n as double) * n, 0)
        )
    ) / (1 + 3.841458820694124 / nullif(cast(n as double), 0))) end;

comment on macro wilson_low is
    'Lower end of the 95 % Wilson interval of successes out of n, 0 to 1';
