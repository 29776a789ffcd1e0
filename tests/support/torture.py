"""How long the tests of kills and outages go on: shortly in the suite, long in ``make torture``."""

import os

from sandbox.postgres import StopMode

IS_TORTURE = bool(os.environ.get("TORTURE"))

# times that the bot is killed while members ask for extensions, audio is attached, songs are joined
KILLS = 50 if IS_TORTURE else 12
KILLS_WHILE_ATTACHING = 20 if IS_TORTURE else 4
KILLS_WHILE_JOINING = 20 if IS_TORTURE else 3
EVENINGS = 10 if IS_TORTURE else 1  # of members in a session
KILLS_AN_EVENING = 20

# what members do at random while each edit is looked at
WALK_LENGTH = 400 if IS_TORTURE else 60

# members who react at once while Discord answers POST with 500, and for how many seconds it does
REACTING_MEMBERS = 25 if IS_TORTURE else 8
OUTAGE = 10.0 if IS_TORTURE else 3.0

# Processes on one PostgreSQL: how many extensions their servers' budgets have room for, in how many
# seconds members ask for them and some more, every how many seconds a process is killed, and how
# PostgreSQL is stopped each time that it is restarted. For a torture of another size set
# TORTURE_EXTENSIONS and TORTURE_SECONDS.
PROCESSES = 3
EXTENSIONS = int(os.environ.get("TORTURE_EXTENSIONS", "2000" if IS_TORTURE else "30"))
SECONDS = float(os.environ.get("TORTURE_SECONDS", "300" if IS_TORTURE else "20"))
KILL_INTERVAL = 10.0 if IS_TORTURE else 7.0
DATABASE_STOPS: tuple[StopMode, ...] = ("immediate", "fast") if IS_TORTURE else ("immediate",)
