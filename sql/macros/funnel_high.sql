-- purpose: upper funnel limit of a share of n observations: who lies outside differs from all by more than chance
-- definition: the wider of two approximations: share + z standard errors, and the same on the scale of asin(sqrt(share)); kept within 0 and 1
-- source: Spiegelhalter 2005 (funnel plots). Of rare things each alone is too narrow at one end: 3 of 31 where 1.5 % is usual
-- are outside the first once in a hundred, not once in a thousand
create or replace macro funnel_high(share, n, z) as
    case when n > 0 then least(1.0, greatest(
        share + z * sqrt(share * (1 - share) / n),
        sin(least(pi() / 2, asin(sqrt(share)) + z / (2 * sqrt(n)))) ** 2
    )) end;

comment on macro funnel_high is
    'Upper funnel limit of a share of n observations, z standard errors wide: 1.96 for 95 %, 3.09 for 99.8 %';
