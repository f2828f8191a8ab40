"""What is common to all assets: the job and its schedule, the executor, and the home that they work in.

Belongs here: when and how assets are materialised. Does not belong here: which assets there are, or what they do.
"""

import dagster as dg

from pipelines.assets import HomeResource, home_of_environment
from pipelines.run import JOB


@dg.definitions
def automation() -> dg.Definitions:
    """The job `everything` and its schedule, in one process: one for each step would cost more than the step."""
    everything = dg.define_asset_job(
        JOB, dg.AssetSelection.all(), description="Everything that is new, from landing to published scores."
    )
    every_quarter_hour = dg.ScheduleDefinition(
        job=everything, cron_schedule="*/15 * * * *", description="Takes in what has landed, while it is switched on."
    )
    return dg.Definitions(
        jobs=[everything],
        schedules=[every_quarter_hour],
        executor=dg.in_process_executor,
        resources={"session": HomeResource(home=home_of_environment())},
    )
