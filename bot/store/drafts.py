"""Drafts: forms that members typed and could not send. And facts: small named values."""

import datetime as dt
import json
from dataclasses import asdict

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.form import Form
from bot.store.schema import drafts, facts, insert

MAX_DRAFTS = 5  # of one member


async def keep_draft(db: AsyncConnection, form: Form, *, member_id: int, now: dt.datetime) -> int:
    """Keep what a member typed; return the id that `draft` finds it by.

    The latest `MAX_DRAFTS` of a member are kept.
    """
    row = {"member_id": member_id, "form": json.dumps(asdict(form)), "created_at": now}
    kept = insert(db, drafts).values(row).returning(drafts.c.id)
    draft_id: int = (await db.execute(kept)).scalar_one()
    of_member = drafts.c.member_id == member_id
    newest_first = select(drafts.c.id).where(of_member).order_by(drafts.c.id.desc())
    first_to_go = newest_first.limit(1).offset(MAX_DRAFTS).scalar_subquery()
    await db.execute(delete(drafts).where(of_member, drafts.c.id <= first_to_go))
    return draft_id


async def draft(db: AsyncConnection, draft_id: int, *, member_id: int) -> Form | None:
    """Return a draft; None if it is unknown or another member typed it."""
    query = select(drafts.c.form).where(drafts.c.id == draft_id, drafts.c.member_id == member_id)
    form = (await db.execute(query)).scalar()
    return None if form is None else Form(**json.loads(form))


async def fact(db: AsyncConnection, name: str) -> str | None:
    """Return the value kept under ``name``, such as the hash of the command tree."""
    return (await db.execute(select(facts.c.value).where(facts.c.name == name))).scalar()


async def set_fact(db: AsyncConnection, name: str, value: str) -> None:
    """Keep ``value`` under ``name``, in place of an earlier one."""
    statement = insert(db, facts).values(name=name, value=value)
    await db.execute(
        statement.on_conflict_do_update(index_elements=[facts.c.name], set_={"value": value})
    )
