"""The job and the schedule, the executor, and the home that all steps share."""

import dagster as dg

from pipelines.assets import HomeResource, home_of_environment
from pipelines.run import JOB


@dg.definitions
def automation() -> dg.Definitions:
    """The job `everything`, in one process: a process for each short step would cost more than the step."""
    everything = dg.define_asset_job(JOB, dg.AssetSelection.all(), description="All that is new, landing to scores.")
    return dg.Definitions(
        jobs=[everything],
        schedules=[
            dg.ScheduleDefinition(job=everything, cron_schedule="*/15 * * * *", description="Takes in what has landed.")
        ],
        executor=dg.in_process_executor,
        resources={"session": HomeResource(home=home_of_environment())},
    )
