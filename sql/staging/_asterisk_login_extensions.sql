-- Extensions that agents dial to log in: those where AgentLogin was seen to run.
-- grain: one row per dialplan context and extension
-- owner: team:data
select
    context, -- Dialplan context
    exten, -- Extension
from staging.asterisk_cel
where appname = 'AgentLogin' and exten is not null
group by context, exten
union
select
    context, -- Dialplan context
    exten, -- Extension
from staging.asterisk_cdr
where lastapp = 'AgentLogin' and exten is not null
group by context, exten
