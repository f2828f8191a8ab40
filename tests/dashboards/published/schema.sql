-- The part of the published contract that the dashboards and the analysts' macros read, with no rows.
create schema core;
create schema kpi;
create schema ml;
create schema meta;

create table core.queue_visits (
    visit_key varchar, contact_key varchar, site varchar, queue varchar, channel varchar, entered_at timestamptz,
    business_date date, wait_s double, talk_s double, hold_s double, wrap_s double, ring_s double, outcome varchar,
    agent varchar, is_within_sl boolean, is_short_abandon boolean, sl_threshold_s double
);
create table core.surveys (
    survey_key varchar, contact_key varchar, queue varchar, channel varchar, agent varchar, business_date date,
    kind varchar, answered_at timestamptz, score double, is_top_two boolean, is_bottom_two boolean, is_promoter boolean,
    is_detractor boolean
);
create table kpi.queue_interval (
    interval_started_at timestamptz, business_date date, site varchar, queue varchar, channel varchar,
    service_level_variant varchar, offered_count bigint, answered_count bigint, answered_in_sl_count bigint, abandoned_count bigint,
    abandoned_in_sl_count bigint, short_abandoned_count bigint, timed_out_count bigint, exited_by_key_count bigint,
    exited_empty_count bigint, withdrawn_count bigint, open_count bigint, blocked_count bigint, diverted_count bigint,
    answered_wait_s double, abandoned_wait_s double, wait_s double, max_wait_s double, ring_s double, talk_s double,
    hold_s double, held_count bigint, wrap_s double, transferred_count bigint, handle_s double,
    talk_known_count bigint, hold_known_count bigint, wrap_known_count bigint, ring_known_count bigint,
    handled_known_count bigint
);
create table kpi.queue_day (
    business_date date, site varchar, queue varchar, channel varchar,
    service_level_variant varchar, offered_count bigint, answered_count bigint, answered_in_sl_count bigint, abandoned_count bigint,
    abandoned_in_sl_count bigint, short_abandoned_count bigint, timed_out_count bigint, exited_by_key_count bigint,
    exited_empty_count bigint, withdrawn_count bigint, open_count bigint, blocked_count bigint, diverted_count bigint,
    answered_wait_s double, abandoned_wait_s double, wait_s double, max_wait_s double, ring_s double, talk_s double,
    hold_s double, held_count bigint, wrap_s double, transferred_count bigint, handle_s double,
    talk_known_count bigint, hold_known_count bigint, wrap_known_count bigint, ring_known_count bigint,
    handled_known_count bigint
);
create table kpi.agent_interval (
    interval_started_at timestamptz, business_date date, site varchar, agent varchar, offered_count bigint,
    answered_count bigint, rung_count bigint, ring_no_answer_count bigint, ring_s double, talk_s double, hold_s double, wrap_s double,
    logged_in_s double, paused_s double, transferred_count bigint
);
create table kpi.agent_day (
    business_date date, site varchar, agent varchar, offered_count bigint, answered_count bigint,
    rung_count bigint, ring_no_answer_count bigint, ring_s double, talk_s double, hold_s double, wrap_s double, handle_s double,
    logged_in_s double, paused_s double, transferred_count bigint, agent_day_count bigint,
    observed_agent_day_count bigint, observed_answered_count bigint, observed_busy_s double,
    observed_available_s double
);
create table kpi.experience_day (
    business_date date, site varchar, queue varchar, channel varchar, kind varchar, sent_count bigint,
    answered_count bigint, score_sum double, top_two_count bigint, bottom_two_count bigint, promoter_count bigint,
    detractor_count bigint
);
create table kpi.repeat_day (
    business_date date, site varchar, queue varchar, channel varchar, window_name varchar, resolvable_count bigint,
    repeated_count bigint, immature_count bigint, identified_count bigint, contact_count bigint
);
create table kpi.money_day (
    business_date date, site varchar, queue varchar, channel varchar, tier varchar, currency varchar,
    handled_count bigint, agent_s double, agent_cost_amount double, telecom_cost_amount double,
    fixed_cost_amount double, action_cost_amount double, attributed_order_count bigint,
    attributed_revenue_amount double, attributed_margin_amount double, assumption_set varchar
);
create table ml.retained_day (
    business_date date, site varchar, queue varchar, channel varchar, tier varchar, currency varchar,
    offered_action_count bigint, modelled_action_count bigint, retained_value_amount double, assumption_set varchar
);
create table ml.tier_mix (
    tier varchar, source varchar, model_version varchar, priority bigint, customer_count bigint
);
create table ml.customer_scores (
    customer_key varchar, tier varchar, priority bigint, head_start_s double, queue varchar, action varchar,
    propensity double, arm varchar, churn_probability double, expected_value_amount double, currency varchar,
    reasons varchar[], source varchar, model_version varchar, version varchar, scored_at timestamptz,
    expires_at timestamptz
);
create table meta.centre (
    name varchar, timezone varchar, region varchar, currency varchar, minimum_n bigint, service_level_variant varchar
);
create table meta.targets (
    queue varchar, channel varchar, valid_from date, valid_to date, rank bigint, sl_threshold_s double, sl_comparator varchar,
    sl_target_rate double, short_abandon_s double, sl_clock_start varchar, interval_ownership varchar,
    service_level_variant varchar
);
create table meta.publish (
    snapshot varchar, published_at timestamptz, data_through_at timestamptz, schema_version varchar, run_id varchar,
    checks_passed_count bigint, checks_failed_count bigint
);
create table kpi.channel_day (
    business_date date, site varchar, channel varchar, direction varchar, contact_count bigint, answered_count
    bigint, abandoned_count bigint, short_abandoned_count bigint, abandoned_in_ivr_count bigint,
    contained_in_ivr_count bigint, timed_out_count bigint, exited_by_key_count bigint, exited_empty_count bigint,
    withdrawn_count bigint, blocked_count bigint, failed_count bigint, callback_count bigint, open_count bigint,
    queued_count bigint, waited_count bigint, multi_queue_count bigint, transferred_contact_count bigint, transfer_count bigint,
    identified_count bigint, in_business_hours_count bigint, repeat_count bigint, queue_wait_s double,
    elapsed_wait_s double, ivr_s double, ring_s double, talk_s double, hold_s double, wrap_s double, handle_s double
);
create table kpi.site_day as select * exclude (channel, direction) from kpi.channel_day;
create table kpi.ivr_day (
    business_date date, site varchar, channel varchar, node varchar, ivr_contact_count bigint, contained_count
    bigint, abandoned_count bigint, to_queue_count bigint, ivr_known_count bigint, ivr_s double
);
create table kpi.campaign_day (
    business_date date, campaign_id varchar, arm varchar, local_hour bigint, attempt_count bigint, connected_count
    bigint, right_party_count bigint, sold_count bigint, refused_count bigint, callback_count bigint,
    opted_out_count bigint, no_answer_count bigint, amount double, currency varchar, person_first_attempt_count
    bigint, person_first_connected_count bigint, attempts_to_contact_count bigint
);
create table kpi.tier_service_day (
    business_date date, site varchar, queue varchar, channel varchar, tier varchar,
    service_level_variant varchar, offered_count bigint,
    answered_count bigint, answered_in_sl_count bigint, abandoned_count bigint, abandoned_in_sl_count bigint,
    short_abandoned_count bigint, timed_out_count bigint, exited_by_key_count bigint, exited_empty_count bigint,
    withdrawn_count bigint, open_count bigint, blocked_count bigint, diverted_count bigint,
    answered_wait_s double, abandoned_wait_s double, wait_s double, max_wait_s double, ring_s double, talk_s double, hold_s double, held_count bigint, wrap_s
    double, transferred_count bigint, handle_s double,
    talk_known_count bigint, hold_known_count bigint, wrap_known_count bigint, ring_known_count bigint,
    handled_known_count bigint
);
create table kpi.wait_histogram_day (
    business_date date, site varchar, queue varchar, channel varchar, outcome varchar, wait_from_s double, wait_to_s
    double, band varchar, visit_count bigint
);
create table meta.metrics (
    metric varchar, macro varchar, is_default boolean, label_en varchar, label_zh varchar, short_label_en varchar, short_label_zh varchar, meaning_en varchar,
    meaning_zh varchar, formula varchar, is_total boolean, sums varchar, argument varchar, grains varchar, unit varchar,
    good_direction varchar, minimum_n bigint, basis varchar, watched_by varchar, source varchar, unlike varchar
);
create table kpi.schedule_day (
    business_date date, agent varchar, agent_day_count bigint, planned_s double, planned_work_s double, adherent_s double, available_s double
);
create table kpi.signals (
    series_key uuid, business_date date, metric varchar, series varchar, site varchar, channel varchar, queue
    varchar, tier varchar, local_hour bigint, unit varchar, good_direction varchar, value double, n bigint,
    expected_value double, low_limit double, high_limit double, deviation double, sustained_deviation double,
    is_usual boolean
);
create table kpi.month_changes (
    month_date date, metric varchar, unit varchar, good_direction varchar, value double, prior_value double, n
    bigint, deviation double
);
create table kpi.campaign_uplift (
    campaign_id varchar, arm varchar, first_date date, measured_date date, customer_count bigint,
    holdout_customer_count bigint, immature_count bigint, orders_per_customer double, holdout_orders_per_customer
    double, orders_uplift double, orders_uplift_low double, orders_uplift_high double, margin_uplift_amount double,
    margin_uplift_low_amount double, margin_uplift_high_amount double, currency varchar, deviation double, verdict
    varchar
);
create table ml.policy_report (
    week_date date, version varchar, action varchar, decision_count bigint, chosen_count bigint,
    propensity_mean_rate double, value double, expected_value double, deviation double, is_consistent boolean
);
create table ml.voice_topics (
    language varchar, topic varchar, label varchar, found_date date, week_date date, comment_count bigint,
    all_comment_count bigint, comment_rate double, expected_comment_rate double, p_value double, adjusted_p_value
    double, status varchar, answered_count bigint, bottom_two_count bigint
);
create table meta.alerts (
    alert_key uuid, kind varchar, identity varchar, raised_date date, from_date date, to_date date, from_hour
    bigint, to_hour bigint, metric varchar, series_key uuid, site varchar, channel varchar, queue varchar, tier
    varchar, subject varchar, unit varchar, value double, expected_value double, deviation double, n bigint,
    point_count bigint, also_count bigint, is_open boolean, text_en varchar, text_zh varchar
);
create table meta.annotations (
    from_date date, to_date date, site varchar, kind varchar, what_en varchar, what_zh varchar, is_usual boolean
);
