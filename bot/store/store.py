"""The store: everything Encore remembers, as a table of operations.

Each operation is a function of this package, called without its first argument, the connection.
What it promises stands in that function's docstring. Each call is one short transaction: what it
returns is committed. Nothing here waits for a network other than the database's.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from bot import metrics
from bot.store import (
    acceptance,
    audio,
    budgets,
    clips,
    drafts,
    extensions,
    guild_settings,
    leases,
    library,
    lineage,
    notifications,
    personal_data,
    posts,
    processes,
    queue,
    rate_slots,
    retention,
    session_clocks,
    session_queries,
    sessions,
    submissions,
    votes,
    workload,
)
from bot.store.database import Database, open_database

P = ParamSpec("P")
T = TypeVar("T")
StoreFunction = Callable[Concatenate[AsyncConnection, P], Awaitable[T]]


class Operation(Generic[P, T]):
    """A store function as a method of `Store`: same parameters but for the connection."""

    def __init__(self, function: StoreFunction[P, T], *, writes: bool, urgent: bool) -> None:
        self._function = function
        self._writes = writes
        self._urgent = urgent

    def __set_name__(self, owner: type["Store"], name: str) -> None:
        """Measure its transactions under the name that callers know."""
        self._seconds = metrics.DATABASE.labels(name)

    def __get__(self, store: "Store", owner: type["Store"]) -> Callable[P, Coroutine[Any, Any, T]]:
        """Return the function, to be called in a transaction of the store's database."""
        del owner

        async def call(*args: P.args, **kwargs: P.kwargs) -> T:
            with self._seconds.time():
                return await store.database.run(
                    lambda db: self._function(db, *args, **kwargs),
                    writes=self._writes,
                    urgent=self._urgent,
                )

        return call


def reads(function: StoreFunction[P, T]) -> Operation[P, T]:
    """Return ``function`` as an operation that sees one moment of the database."""
    return Operation(function, writes=False, urgent=False)


def writes(function: StoreFunction[P, T], *, urgent: bool = False) -> Operation[P, T]:
    """Return ``function`` as an operation that is committed at its end, undone by an exception.

    ``urgent`` is for what a member waits for: it goes before what only loops wait for.
    """
    return Operation(function, writes=True, urgent=urgent)


class Store:
    """Everything Encore remembers. Made by `open`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncGenerator[Self]:
        """Open the database at the SQLAlchemy URL ``url``; see `open_database`.

        Raises:
            StoreError: it can't be opened.
        """
        async with open_database(url) as database:
            yield cls(database)

    @property
    def is_shared(self) -> bool:
        """Whether other processes may use the database, so that this one has to beat."""
        return self.database.process_id is not None

    # extensions
    accept = writes(acceptance.accept, urgent=True)
    extension = reads(extensions.by_id)
    find_by_reply = reads(extensions.by_reply)
    save = writes(extensions.save)
    save_reply = writes(extensions.save_reply)
    queue_position = reads(extensions.queue_position)
    queue = reads(queue.queue)
    bump_queue_positions = writes(extensions.bump_queue_positions)
    sightings = reads(extensions.sightings)
    providers_in_use = reads(extensions.providers_in_use)

    # what loops work on
    next_waiting = reads(submissions.next_waiting)
    claim_waiting = writes(submissions.claim_waiting)
    stale_submissions = reads(submissions.stale_submissions)
    claim_due = writes(leases.claim_due)
    next_due = reads(leases.next_due)

    # edits of replies
    unpublished = reads(leases.unpublished)
    next_publish = reads(leases.next_publish)
    claim_edit = writes(leases.claim_edit)
    finish_edit = writes(leases.finish_edit)
    release_edit = writes(leases.release_edit)
    postpone_edit = writes(leases.postpone_edit)
    requeue_uploads = writes(leases.requeue_uploads)
    record_first_reply = writes(leases.record_first_reply)

    # audio to be attached
    enqueue_audio = writes(audio.enqueue)
    claim_audio = writes(audio.claim)
    renew_audio = writes(audio.renew)
    postpone_audio = writes(audio.postpone)
    finish_audio = writes(audio.finish)
    abandon_audio = writes(leases.abandon_audio)
    next_audio = reads(audio.next_due)
    with_pending_uploads = reads(audio.with_pending_uploads)
    attachments = reads(audio.attachments_of)
    is_audio_awaited = reads(audio.is_awaited)

    # who is to be told that an extension has ended
    request_notification = writes(notifications.request, urgent=True)
    withdraw_notification = writes(notifications.withdraw, urgent=True)
    set_always_notify = writes(notifications.set_always_notify, urgent=True)
    claim_notifications = writes(notifications.claim)
    finish_notification = writes(notifications.finish)
    postpone_notification = writes(notifications.postpone)
    next_notification = reads(notifications.next_due)

    # clips and their lineage
    clip = reads(clips.find_clip)
    remember_clip = writes(clips.remember)
    unknown_clips = reads(clips.unknown_clips)
    search_clips = reads(clips.search)
    continuations = reads(lineage.continuations)
    bump_source_revision = writes(lineage.bump_source_revision)
    is_song_refused = reads(lineage.is_song_refused)
    lineage = reads(lineage.lineage)

    # the library
    library_page = reads(library.page)
    library_channels = reads(library.channels)
    clips_of = reads(library.clips_of)
    remove_clip = writes(library.remove, urgent=True)

    # sessions
    start_session = writes(sessions.start_session, urgent=True)
    session_state = reads(sessions.session_state)
    change_session = writes(sessions.change_session, urgent=True)
    set_song = writes(sessions.set_song)
    vote_for_proposal = writes(votes.vote_for_proposal, urgent=True)
    vote_for_clip = writes(votes.vote_for_clip, urgent=True)
    session_totals = reads(votes.session_totals)
    session_in_channel = reads(session_queries.session_in_channel)
    session_of_extension = reads(session_queries.session_of_extension)
    sessions_of_guild = reads(session_queries.sessions_of_guild)
    session_channels = reads(session_queries.session_channels)
    running_in_guild = reads(session_queries.running_in_guild)
    threadless_sessions = reads(session_queries.threadless_sessions)
    running_sessions = reads(session_queries.running_sessions)
    voting_sessions = reads(session_queries.voting_sessions)
    most_parts = reads(session_queries.most_parts)
    round_place = reads(session_queries.round_place)
    proposal_place = reads(session_queries.proposal_place)
    due_sessions = reads(session_queries.due_sessions)
    next_session_due = reads(session_queries.next_session_due)
    beat = writes(session_clocks.beat)
    shift_clocks = writes(session_clocks.shift_clocks)

    # posts of sessions
    post_of = reads(posts.post_of)
    card_of = reads(posts.card_of)
    posts_of = reads(posts.posts_of)
    raise_posts = writes(posts.raise_posts)
    unpublished_posts = reads(posts.unpublished_posts)
    next_post = reads(posts.next_post)
    claim_post = writes(posts.claim_post)
    finish_post = writes(posts.finish_post)
    release_post = writes(posts.release_post)
    postpone_post = writes(posts.postpone_post)
    retry_posts = writes(posts.retry_posts)
    record_first_post = writes(posts.record_first_post)

    # what is kept of whom, and for how long
    forget = writes(retention.forget)
    data_of_member = reads(personal_data.data_of_member)
    data_of_guild = reads(personal_data.data_of_guild)
    forget_member = writes(personal_data.forget_member, urgent=True)

    # how much there is to do
    workload = reads(workload.workload)

    # processes that share the database
    beat_process = writes(processes.beat_process, urgent=True)
    end_process = writes(processes.end_process)
    take_slot = writes(rate_slots.take_slot)
    # what servers set, and what they may spend
    settings_of_guild = reads(guild_settings.current_settings)
    settings_of_session = reads(guild_settings.settings_of_session)
    settings_history = reads(guild_settings.settings_history)
    change_settings = writes(guild_settings.change_settings, urgent=True)
    budget_uses = reads(budgets.budget_uses)
    member_use = reads(budgets.member_use)
    claim_notices = writes(budgets.claim_notices)
    settle_notice = writes(budgets.settle_notice)
    next_notice = reads(budgets.next_notice)

    # drafts, and facts about this installation
    keep_draft = writes(drafts.keep_draft, urgent=True)
    draft = reads(drafts.draft)
    fact = reads(drafts.fact)
    set_fact = writes(drafts.set_fact)
