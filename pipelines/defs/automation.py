"""What is common to all assets: the job, its schedule and its sensor, the executor, and the home that they work in.

Belongs here: when and how assets are materialised. Does not belong here: which assets there are, or what they do.
"""

import dagster as dg

from pipelines.assets import HomeResource, home_of_environment
from pipelines.run import JOB
from pipelines.watch import look

LOOK_EVERY_S = 30


@dg.definitions
def automation() -> dg.Definitions:
    """The job `everything`, its schedule and its sensor, in one process: one a step would cost more than the step."""
    everything = dg.define_asset_job(
        JOB, dg.AssetSelection.all(), description="Everything that is new, from landing to published scores."
    )
    every_quarter_hour = dg.ScheduleDefinition(
        job=everything, cron_schedule="*/15 * * * *", description="Takes in what has landed, while it is switched on."
    )

    # Stopped, as the schedule is: whoever opens the UI to look at a home has not asked for it to be changed.
    @dg.sensor(job=everything, minimum_interval_seconds=LOOK_EVERY_S, default_status=dg.DefaultSensorStatus.STOPPED)
    def landing_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        """Asks for a run when files have landed and come to rest; one state of landing asks once."""
        found = look(home_of_environment(), context.cursor)
        if found.key is None:
            return dg.SensorResult(skip_reason=found.said, cursor=found.cursor)
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=found.key)], cursor=found.cursor)

    return dg.Definitions(
        jobs=[everything],
        schedules=[every_quarter_hour],
        sensors=[landing_sensor],
        executor=dg.in_process_executor,
        resources={"session": HomeResource(home=home_of_environment())},
    )
