"""How long after a call without an answer what is done about it (design rule 7)."""

from __future__ import annotations

from datetime import timedelta

# Look-ups by our reference after a creating call whose answer was lost.
LOOK_AFTER = (timedelta(seconds=15), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=10))
# And how long afterwards its reference is watched for a twin: a slow call may still land.
WATCH_AFTER = (timedelta(minutes=2), timedelta(minutes=15), timedelta(hours=2), timedelta(hours=24))
GO_ON_AFTER = (*LOOK_AFTER, timedelta(hours=1))
