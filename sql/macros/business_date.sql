-- purpose: the local business date of an instant
-- definition: the instant's calendar date on the clocks of the centre; a day has 23, 24 or 25 hours
-- source: design.md, "times are UTC instants, *_date are local business dates"
-- The pipeline sets the variable `timezone`; an analyst may pass one: business_date(arrived_at, timezone := 'Asia/Tokyo').
-- (A macro's default value is frozen when the macro is made, hence the coalesce and not `timezone := getvariable(...)`.)
create or replace macro business_date(instant, timezone := null) as
    cast(instant at time zone coalesce(timezone, getvariable('timezone')) as date);

comment on macro business_date is
    'Local business date of a timestamptz; zone from the argument, else from the variable timezone';
